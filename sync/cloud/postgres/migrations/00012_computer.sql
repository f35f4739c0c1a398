-- +goose Up
-- What the computer of a terminal is called, as it said last; empty before it said anything.
ALTER TABLE terminal ADD COLUMN computer TEXT NOT NULL DEFAULT '';
