-- +goose Up
-- What limits count is summed up from the lines themselves, by the customer and by the business day of the redemption. The columns are
-- filled of redemptions of vouchers that exist; customer is as terminal.Voucher.Counted says.
ALTER TABLE line ADD COLUMN merchant TEXT NOT NULL DEFAULT '';
ALTER TABLE line ADD COLUMN campaign TEXT NOT NULL DEFAULT '';
ALTER TABLE line ADD COLUMN customer TEXT NOT NULL DEFAULT '';
ALTER TABLE line ADD COLUMN store TEXT NOT NULL DEFAULT '';
ALTER TABLE line ADD COLUMN day TEXT NOT NULL DEFAULT '';
UPDATE line SET
    merchant = v.merchant, campaign = v.campaign,
    customer = coalesce(nullif(json_extract(v.body, '$.customer'), ''), printf('v%016x', v.id)),
    store = t.store, day = e.business_day
FROM voucher v, entry e, terminal t
WHERE line.kind = 1 AND v.id = line.voucher AND e.ordinal = line.entry AND t.id = e.terminal AND v.merchant = t.merchant;
CREATE INDEX line_day ON line (merchant, campaign, day) WHERE kind = 1 AND invalid = 0;
CREATE INDEX line_customer ON line (merchant, campaign, customer) WHERE kind = 1 AND invalid = 0;

-- Of holds under limits.
ALTER TABLE hold ADD COLUMN merchant TEXT NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN campaign TEXT NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN customer TEXT NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN store TEXT NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN day TEXT NOT NULL DEFAULT '';
CREATE INDEX hold_limit ON hold (merchant, campaign, day) WHERE campaign <> '';

CREATE INDEX voucher_customer ON voucher (merchant, campaign, json_extract(body, '$.customer'))
    WHERE json_extract(body, '$.customer') IS NOT NULL;
CREATE INDEX voucher_order ON voucher (merchant, json_extract(body, '$.order')) WHERE json_extract(body, '$.order') IS NOT NULL;
