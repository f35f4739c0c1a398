-- +goose Up
-- At a hub alone: codes that a terminal of the store asked for while the hub's copy had no such voucher. Its own list may have it, and it may go
-- on by that: so until the hub knows what became of it, no other terminal of the store is told yes.
CREATE TABLE stranger (
    lookup   bytea NOT NULL,
    terminal bigint NOT NULL REFERENCES terminal,
    uid      bytea NOT NULL,
    instance text COLLATE "C" NOT NULL,
    counter  bigint NOT NULL,
    at       bigint NOT NULL,
    PRIMARY KEY (lookup, terminal, uid)
);
