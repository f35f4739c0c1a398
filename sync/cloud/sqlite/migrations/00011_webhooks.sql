-- +goose Up
-- Addresses of the merchant's own systems that are told of events. Secrets sign what they are told; the one before signs too for a while.
CREATE TABLE webhook (
    id            TEXT PRIMARY KEY,
    merchant      TEXT NOT NULL,
    url           TEXT NOT NULL,
    events        TEXT NOT NULL, -- each between spaces; nothing is all
    secret        BLOB NOT NULL,
    old_secret    BLOB,
    old_until     INTEGER NOT NULL DEFAULT 0,
    state         TEXT NOT NULL, -- live, disabled
    reason        TEXT NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0, -- since something was taken
    failing_since INTEGER,
    resume_at     INTEGER NOT NULL DEFAULT 0, -- it is left alone until then
    delivered     INTEGER NOT NULL DEFAULT 0,
    given_up      INTEGER NOT NULL DEFAULT 0,
    last_at       INTEGER,
    last_error    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX webhook_merchant ON webhook (merchant);

-- What a webhook is still to be told, written in the transaction of what it tells of. Nothing refers to the webhook's row, which each
-- attempt changes: a redemption must not wait for it.
CREATE TABLE delivery (
    webhook    TEXT NOT NULL,
    id         TEXT NOT NULL,
    event      TEXT NOT NULL,
    payload    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL, -- or, of one that is being sent, when its lease ends
    attempts   INTEGER NOT NULL DEFAULT 0,
    lease      INTEGER NOT NULL DEFAULT 0, -- random: whose attempt it is
    PRIMARY KEY (webhook, id)
) STRICT;
CREATE INDEX delivery_due ON delivery (webhook, due_at);
