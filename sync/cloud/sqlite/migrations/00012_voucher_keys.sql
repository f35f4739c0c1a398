-- +goose Up
-- The key that signed a voucher's token, so that a key that is revoked takes its vouchers with it. Of older tokens it is known where the
-- merchant has only ever had one key.
ALTER TABLE voucher ADD COLUMN kid TEXT NOT NULL DEFAULT '';
UPDATE voucher SET kid = (SELECT min(k.kid) FROM token_key k WHERE k.merchant = voucher.merchant)
    WHERE token = 1 AND (SELECT count(*) FROM token_key k WHERE k.merchant = voucher.merchant) = 1;
