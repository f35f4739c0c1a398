-- +goose Up
-- Addresses of the merchant's own systems that are told of events. Secrets sign what they are told; the one before signs too for a while.
CREATE TABLE webhook (
    id            text COLLATE "C" PRIMARY KEY,
    merchant      text COLLATE "C" NOT NULL,
    url           text NOT NULL,
    events        text NOT NULL, -- each between spaces; nothing is all
    secret        bytea NOT NULL,
    old_secret    bytea,
    old_until     bigint NOT NULL DEFAULT 0,
    state         text NOT NULL, -- live, disabled
    reason        text NOT NULL DEFAULT '',
    created_at    bigint NOT NULL,
    failures      bigint NOT NULL DEFAULT 0, -- since something was taken
    failing_since bigint,
    resume_at     bigint NOT NULL DEFAULT 0, -- it is left alone until then
    delivered     bigint NOT NULL DEFAULT 0,
    given_up      bigint NOT NULL DEFAULT 0,
    last_at       bigint,
    last_error    text NOT NULL DEFAULT ''
);
CREATE INDEX webhook_merchant ON webhook (merchant);

-- What a webhook is still to be told, written in the transaction of what it tells of. Nothing refers to the webhook's row, which each
-- attempt changes: a redemption must not wait for it.
CREATE TABLE delivery (
    webhook    text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    event      text NOT NULL,
    payload    bytea NOT NULL,
    created_at bigint NOT NULL,
    due_at     bigint NOT NULL, -- or, of one that is being sent, when its lease ends
    attempts   bigint NOT NULL DEFAULT 0,
    lease      bigint NOT NULL DEFAULT 0, -- random: whose attempt it is
    PRIMARY KEY (webhook, id)
);
CREATE INDEX delivery_due ON delivery (webhook, due_at);
