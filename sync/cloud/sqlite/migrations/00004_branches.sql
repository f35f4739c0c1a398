-- +goose Up
-- Entries that a terminal signed and that do not follow from what is here of its journal: what a copied or restored data folder sends.
-- They are evidence of what was given away, and count for nothing else.
CREATE TABLE branch (
    terminal    INTEGER NOT NULL REFERENCES terminal,
    hash        BLOB NOT NULL,
    bytes       BLOB NOT NULL,
    signature   BLOB NOT NULL,
    exception   INTEGER NOT NULL REFERENCES exception (id),
    received_at INTEGER NOT NULL,
    PRIMARY KEY (terminal, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX branch_exception ON branch (exception);
CREATE INDEX exception_fork ON exception (terminal) WHERE kind = 'journal_fork' AND state = 'open';
