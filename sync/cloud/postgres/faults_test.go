package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// faults makes the database itself refuse every tenth transaction that writes with 40001: at its first write, at a later one, or at
// its COMMIT. The count is a sequence, which no rollback takes back, so that the next attempt is another transaction.
const faults = `
CREATE SEQUENCE fault_transactions;
CREATE SEQUENCE fault_raised;
CREATE FUNCTION fault_refuse() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nextval('fault_raised');
	RAISE EXCEPTION 'could not serialize access: injected' USING ERRCODE = '40001';
END $$;
CREATE FUNCTION fault_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	number bigint := nullif(current_setting('fault.number', true), '')::bigint;
	writes int := coalesce(nullif(current_setting('fault.writes', true), ''), '0')::int + 1;
BEGIN
	IF number IS NULL THEN
		number := nextval('fault_transactions');
		PERFORM set_config('fault.number', number::text, true);
	END IF;
	PERFORM set_config('fault.writes', writes::text, true);
	IF number % 10 = 0 AND ((number / 10) % 3 = 0 AND writes = 1 OR (number / 10) % 3 = 1 AND writes = 2) THEN
		PERFORM fault_refuse();
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION fault_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('fault.number', true)::bigint % 10 = 0 THEN
		PERFORM fault_refuse();
	END IF;
	RETURN NULL;
END $$;
DO $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
		EXECUTE format('CREATE TRIGGER fault_write BEFORE INSERT OR UPDATE OR DELETE ON %I EXECUTE FUNCTION fault_write()', name);
		EXECUTE format('CREATE CONSTRAINT TRIGGER fault_commit AFTER INSERT OR UPDATE OR DELETE ON %I DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION fault_commit()', name);
	END LOOP;
END $$;
`

// raised is how many transactions were refused of how many.
func raised(t *testing.T, url string) (refused, all int64) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.WithoutCancel(t.Context()))
	row := connection.QueryRow(t.Context(), `SELECT CASE WHEN r.is_called THEN r.last_value ELSE 0 END, CASE WHEN a.is_called THEN a.last_value ELSE 0 END
		FROM fault_raised r, fault_transactions a`)
	if err := row.Scan(&refused, &all); err != nil {
		t.Fatal(err)
	}
	return refused, all
}
