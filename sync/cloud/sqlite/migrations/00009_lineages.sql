-- +goose Up
-- A terminal's entries may part into several lines: a copy of its data folder, or an older one that was put back, went on by itself. All
-- are facts and count. aside is what is not on the line that the terminal's head ends; stray is what was written under numbers
-- (epoch and sequence) that another line had used before.
ALTER TABLE entry ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN stray INTEGER NOT NULL DEFAULT 0;
DROP INDEX entry_seq;
CREATE UNIQUE INDEX entry_seq ON entry (terminal, seq) WHERE aside = 0;
CREATE INDEX entry_aside ON entry (terminal, seq) WHERE aside = 1;
CREATE UNIQUE INDEX entry_hash ON entry (terminal, hash);
CREATE INDEX entry_epoch ON entry (terminal, epoch, seq);

-- The start of the terminal's program that sent its head.
ALTER TABLE terminal ADD COLUMN head_instance TEXT NOT NULL DEFAULT '';

-- Starts of the program follow one another on one machine. A side is a machine: there are several once a folder was copied. The newest
-- start of a side has no successor; another that speaks all the same is a copy.
ALTER TABLE instance ADD COLUMN side INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN superseded_at INTEGER;
ALTER TABLE instance ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN head_seq INTEGER NOT NULL DEFAULT 0;
-- relayed is a start that a hub told of: nothing says when it was.
ALTER TABLE instance ADD COLUMN relayed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
UPDATE instance SET last_at = seen_at;
UPDATE instance SET superseded_at = seen_at
    WHERE instance <> (SELECT t.instance FROM terminal t WHERE t.id = instance.terminal);
CREATE INDEX exception_clone ON exception (terminal) WHERE kind = 'clone' AND state = 'open';

-- What a cursor shows beside its place: a database that was restored and went on has the same place by another way.
ALTER TABLE outbox ADD COLUMN nonce INTEGER NOT NULL DEFAULT 0;
