-- +goose Up
-- Whose a voucher is and the order it was bought in, so that the others can be found.
ALTER TABLE vouchers ADD COLUMN customer TEXT;
ALTER TABLE vouchers ADD COLUMN purchase TEXT;
UPDATE vouchers SET customer = json_extract(CAST(extra AS TEXT), '$.c'), purchase = json_extract(CAST(extra AS TEXT), '$.o')
	WHERE extra IS NOT NULL;
CREATE INDEX vouchers_customer ON vouchers (customer, campaign) WHERE customer IS NOT NULL;
CREATE INDEX vouchers_purchase ON vouchers (purchase) WHERE purchase IS NOT NULL;

-- What was used under limits: by one customer (then store is ''), or in one store (then customer is '').
CREATE TABLE counts (
	campaign TEXT NOT NULL,
	customer TEXT NOT NULL,
	store    TEXT NOT NULL,
	day      TEXT NOT NULL,
	units    INTEGER NOT NULL,
	PRIMARY KEY (campaign, customer, store, day)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 'the cache is made again, never taken back to an older form';
