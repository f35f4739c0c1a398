-- +goose Up
-- How far the filling of a store's hub is, as it said last; told_at is NULL before it said anything. ready is 1 once it answers its store.
ALTER TABLE hub ADD COLUMN ready BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hub ADD COLUMN percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hub ADD COLUMN told_at BIGINT;
