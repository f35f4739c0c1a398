-- +goose Up
-- What a terminal says of itself: the checks of its doctor that fail, blanks between them, and when that arrived; NULL before it said anything.
ALTER TABLE terminal ADD COLUMN missing TEXT;
ALTER TABLE terminal ADD COLUMN checked_at INTEGER;
