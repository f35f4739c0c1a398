-- +goose Up

-- Each slip is signed as it is made: what somebody changes in the file afterwards is not printed for what the terminal made. The slips of
-- earlier versions bear no signature; the state tells up to which job.
ALTER TABLE jobs ADD COLUMN signature BLOB NOT NULL DEFAULT x'';
INSERT OR REPLACE INTO state (key, value)
	SELECT 'slips_unsigned', CAST(CAST(coalesce(max(id), 0) AS TEXT) AS BLOB) FROM jobs;

-- +goose Down
SELECT 'the journal is never taken back to an older form';
