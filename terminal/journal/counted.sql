-- What each line counts under a campaign's limits, by the business day of the redemption. It names vouchers, not people.
CREATE TABLE counted (
	campaign TEXT NOT NULL,
	day      TEXT NOT NULL,
	seq      INTEGER NOT NULL,
	line     INTEGER NOT NULL,
	voucher  INTEGER NOT NULL,
	units    INTEGER NOT NULL,
	PRIMARY KEY (campaign, day, seq, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX counted_voucher ON counted (voucher, seq);
