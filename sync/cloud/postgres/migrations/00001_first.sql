-- +goose Up
-- Times are microseconds since 1970 in UTC. Bodies are JSON as package terminal writes it: what is compared with what was stored, or
-- handed on as it is, keeps its bytes. Text sorts by its bytes whatever the database's language. A truth is 0 or 1.
CREATE TABLE meta (
    key   text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE feed_key (
    kid        text COLLATE "C" PRIMARY KEY,
    seed       bytea NOT NULL,
    valid_from bigint NOT NULL
);

CREATE TABLE merchant (
    id            text COLLATE "C" PRIMARY KEY,
    body          text NOT NULL,
    lookup_key    bytea NOT NULL,
    place         bigint NOT NULL DEFAULT 0, -- the last one that the feed gave; its row's lock is the sequencer's
    trust_version bigint NOT NULL DEFAULT 1, -- of the trust list: each change of a key makes it the next version
    trust_changed bigint NOT NULL DEFAULT 0
);

CREATE TABLE store (
    merchant text COLLATE "C" NOT NULL REFERENCES merchant,
    id       text COLLATE "C" NOT NULL,
    body     text NOT NULL,
    PRIMARY KEY (merchant, id)
);

CREATE TABLE operator (
    merchant text COLLATE "C" NOT NULL REFERENCES merchant,
    id       text COLLATE "C" NOT NULL,
    body     text NOT NULL,
    PRIMARY KEY (merchant, id)
);

CREATE TABLE campaign (
    merchant text COLLATE "C" NOT NULL REFERENCES merchant,
    id       text COLLATE "C" NOT NULL,
    kind     text NOT NULL,
    body     text NOT NULL,
    PRIMARY KEY (merchant, id)
);

-- The keys that sign a merchant's tokens. None is ever deleted: what a retired one signed stays good, and a revoked one stays refused.
CREATE TABLE token_key (
    merchant    text COLLATE "C" NOT NULL REFERENCES merchant,
    kid         text COLLATE "C" NOT NULL,
    seed        bytea NOT NULL,
    valid_from  bigint NOT NULL,
    valid_until bigint,
    state       text NOT NULL, -- live, retired, revoked
    PRIMARY KEY (merchant, kid)
);

CREATE TABLE voucher (
    id       bigint PRIMARY KEY, -- the eight bytes of the voucher id as a signed number
    merchant text COLLATE "C" NOT NULL,
    campaign text COLLATE "C" NOT NULL,
    lookup   bytea NOT NULL,
    "inner"  bytea NOT NULL,
    token    smallint NOT NULL DEFAULT 0,
    state    text NOT NULL,
    state_at bigint,
    units    bigint NOT NULL,
    redeemed bigint NOT NULL DEFAULT 0, -- accepted, overrun and revoked
    reversed bigint NOT NULL DEFAULT 0, -- of those
    last_use text,
    body     json NOT NULL, -- as it was issued
    version  bigint NOT NULL DEFAULT 1,
    FOREIGN KEY (merchant, campaign) REFERENCES campaign
);
CREATE UNIQUE INDEX voucher_lookup ON voucher (merchant, lookup);
CREATE INDEX voucher_customer ON voucher (merchant, campaign, (body ->> 'customer')) WHERE body ->> 'customer' IS NOT NULL;
CREATE INDEX voucher_order ON voucher (merchant, (body ->> 'order')) WHERE body ->> 'order' IS NOT NULL;

-- The lines of an order to collect, once something happened to them.
CREATE TABLE part (
    voucher  bigint NOT NULL REFERENCES voucher,
    part     text COLLATE "C" NOT NULL,
    redeemed bigint NOT NULL DEFAULT 0,
    reversed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (voucher, part)
);

CREATE TABLE terminal (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant      text COLLATE "C" NOT NULL,
    store         text COLLATE "C" NOT NULL,
    name          text COLLATE "C" NOT NULL,
    public_key    bytea NOT NULL UNIQUE,
    seal_key      bytea NOT NULL,
    version       text NOT NULL,
    enrolled_at   bigint NOT NULL,
    last_seen     bigint,
    pending       bigint NOT NULL DEFAULT 0,
    suspended     smallint NOT NULL DEFAULT 0,
    instance      text NOT NULL DEFAULT '', -- of the newest start of its program
    epoch         bigint NOT NULL DEFAULT 1,
    head_seq      bigint NOT NULL DEFAULT 0,
    head_hash     bytea NOT NULL,
    head_receipt  bigint NOT NULL DEFAULT 0,
    FOREIGN KEY (merchant, store) REFERENCES store
);
CREATE UNIQUE INDEX terminal_name ON terminal (merchant, store, name) WHERE suspended = 0;

-- Every start of a terminal's program that was heard of, so that a late request of an old one is known for what it is.
CREATE TABLE instance (
    terminal bigint NOT NULL REFERENCES terminal,
    instance text COLLATE "C" NOT NULL,
    seen_at  bigint NOT NULL,
    PRIMARY KEY (terminal, instance)
);

CREATE TABLE invitation (
    secret_hash bytea PRIMARY KEY,
    merchant    text COLLATE "C" NOT NULL,
    store       text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL,
    terminal    bigint REFERENCES terminal,
    FOREIGN KEY (merchant, store) REFERENCES store
);
CREATE INDEX invitation_name ON invitation (merchant, store, name) WHERE terminal IS NULL;

CREATE TABLE entry (
    ordinal      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terminal     bigint NOT NULL REFERENCES terminal,
    seq          bigint NOT NULL,
    epoch        bigint NOT NULL,
    uid          bytea NOT NULL,
    kind         smallint NOT NULL,
    hash         bytea NOT NULL,
    bytes        bytea NOT NULL,
    signature    bytea NOT NULL,
    business_day text COLLATE "C" NOT NULL,
    verdict      text NOT NULL,    -- '' for kinds that get none
    received_at  bigint NOT NULL,
    -- Of the feed, up to which all that this entry changed stands. Until the sequencer comes by: less than nothing, the id of the last
    -- change in the outbox, or NULL where there is none.
    place        bigint
);
CREATE UNIQUE INDEX entry_seq ON entry (terminal, seq);
CREATE INDEX entry_uid ON entry (uid);
CREATE INDEX entry_place ON entry (terminal, place);
CREATE INDEX entry_unplaced ON entry (terminal) WHERE coalesce(place, -1) < 0;

-- What limits count is summed up from the lines themselves, by the customer and by the business day of the redemption. merchant to day
-- are filled of redemptions of vouchers that exist; customer is as terminal.Voucher.Counted says.
CREATE TABLE line (
    entry    bigint NOT NULL REFERENCES entry (ordinal),
    line     integer NOT NULL,
    kind     smallint NOT NULL, -- of the entry
    voucher  bigint NOT NULL,
    part     text COLLATE "C" NOT NULL,
    units    bigint NOT NULL,
    accepted bigint NOT NULL,
    overrun  bigint NOT NULL,
    revoked  bigint NOT NULL,
    invalid  bigint NOT NULL,
    reversed bigint NOT NULL DEFAULT 0,
    other    text,
    merchant text COLLATE "C" NOT NULL DEFAULT '',
    campaign text COLLATE "C" NOT NULL DEFAULT '',
    customer text COLLATE "C" NOT NULL DEFAULT '',
    store    text COLLATE "C" NOT NULL DEFAULT '',
    day      text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (entry, line)
);
CREATE INDEX line_voucher ON line (voucher, part, entry);
CREATE INDEX line_day ON line (merchant, campaign, day) WHERE kind = 1 AND invalid = 0;
CREATE INDEX line_customer ON line (merchant, campaign, customer) WHERE kind = 1 AND invalid = 0;

-- A claim keeps units for an entry until the entry arrives or its terminal says that it never will. merchant to day are filled of
-- holds under limits.
CREATE TABLE hold (
    terminal bigint NOT NULL REFERENCES terminal,
    uid      bytea NOT NULL,
    line     integer NOT NULL,
    id       text NOT NULL,
    voucher  bigint NOT NULL,
    part     text COLLATE "C" NOT NULL,
    units    bigint NOT NULL,
    reverse  bytea,              -- the redemption that it would reverse
    operator text NOT NULL,
    instance text NOT NULL,
    counter  bigint NOT NULL,
    held_at  bigint NOT NULL,
    merchant text COLLATE "C" NOT NULL DEFAULT '',
    campaign text COLLATE "C" NOT NULL DEFAULT '',
    customer text COLLATE "C" NOT NULL DEFAULT '',
    store    text COLLATE "C" NOT NULL DEFAULT '',
    day      text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (terminal, uid, line)
);
CREATE INDEX hold_voucher ON hold (voucher, part);
CREATE INDEX hold_limit ON hold (merchant, campaign, day) WHERE campaign <> '';

CREATE TABLE exception (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant  text COLLATE "C" NOT NULL,
    kind      text NOT NULL,
    state     text NOT NULL,
    opened_at bigint NOT NULL,
    closed_at bigint,
    terminal  bigint REFERENCES terminal,
    entry     bigint REFERENCES entry (ordinal),
    line      integer,
    mark      bytea,              -- of a journal's: what makes it the same one again
    voucher   bigint,
    part      text COLLATE "C" NOT NULL DEFAULT '',
    units     bigint NOT NULL DEFAULT 0,
    paid      bigint NOT NULL DEFAULT 0,
    stores    text NOT NULL,      -- JSON: who is told
    body      text NOT NULL       -- JSON: uses, worth, note
);
CREATE INDEX exception_merchant ON exception (merchant, id);
CREATE INDEX exception_voucher ON exception (voucher, part) WHERE state = 'open';
CREATE INDEX exception_entry ON exception (entry, line);
CREATE UNIQUE INDEX exception_mark ON exception (terminal, kind, mark) WHERE mark IS NOT NULL;

CREATE INDEX exception_fork ON exception (terminal) WHERE kind = 'journal_fork' AND state = 'open';

-- Entries that a terminal signed and that do not follow from what is here of its journal: what a copied or restored data folder sends.
-- They are evidence of what was given away, and count for nothing else.
CREATE TABLE branch (
    terminal    bigint NOT NULL REFERENCES terminal,
    hash        bytea NOT NULL,
    bytes       bytea NOT NULL,
    signature   bytea NOT NULL,
    exception   bigint NOT NULL REFERENCES exception (id),
    received_at bigint NOT NULL,
    PRIMARY KEY (terminal, hash)
);
CREATE INDEX branch_exception ON branch (exception);

-- What changed. The sequencer gives what is committed its place in the merchant's feed; id only keeps the order within a transaction.
-- store and terminal say who is told; empty means everybody.
CREATE TABLE outbox (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant text COLLATE "C" NOT NULL,
    place    bigint,
    kind     text NOT NULL,
    ref      text NOT NULL,
    store    text COLLATE "C" NOT NULL DEFAULT '',
    terminal bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX outbox_place ON outbox (merchant, place);
CREATE INDEX outbox_unplaced ON outbox (merchant, id) WHERE place IS NULL;
