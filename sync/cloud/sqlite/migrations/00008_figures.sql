-- +goose Up
-- Steps of the wall clock that terminals journalled, for the figures of who runs the cloud: kind 8 is a clock's entry.
CREATE INDEX entry_clock ON entry (terminal) WHERE kind = 8;
CREATE INDEX exception_open ON exception (merchant, kind) WHERE state = 'open';
