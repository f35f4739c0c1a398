-- +goose Up

-- What the cloud reserved to this terminal: of a voucher, or, where that is 0, of what a campaign may count on a day. Never deleted; what
-- is spent of one is counted from the lines. ended is 0 while it can be spent, 1 once this terminal gave it up, 2 once the cloud has it back.
CREATE TABLE leases (
	id       TEXT PRIMARY KEY,
	voucher  INTEGER NOT NULL,
	part     TEXT NOT NULL,
	campaign TEXT NOT NULL,
	day      TEXT NOT NULL,
	units    INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	epoch    INTEGER NOT NULL,
	after    INTEGER NOT NULL,
	ended    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_voucher ON leases (voucher) WHERE ended = 0;
CREATE INDEX leases_open ON leases (ended) WHERE ended < 2;

-- +goose Down
SELECT 'the journal is never taken back to an older form';
