package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"countersign/sync/cloud/postgres"
	"countersign/sync/cloud/relational"
)

func openEngine(t *testing.T) (relational.Engine, string) {
	t.Helper()
	url := newDatabase(t)
	engine, err := postgres.OpenEngine(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine, url
}

const (
	setMeta = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
	getMeta = "SELECT value FROM meta WHERE key = ?"
)

// Of two claims for the last unit that are decided in one transaction both would be granted: the second from an answer of before the first.
func TestForeseenAnswersAreNotOlderThanWhatTouchesThem(t *testing.T) {
	t.Parallel()
	engine, _ := openEngine(t)
	on := func(id int64) []relational.Touch { return []relational.Touch{{What: relational.HoldsOf, ID: id}} }
	err := engine.WriteInTurn(t.Context(), "m", func(tx relational.Tx) error {
		said := func(key, want string) {
			t.Helper()
			var value []byte
			if err := tx.QueryRow(getMeta, key).Scan(&value); err != nil || string(value) != want {
				t.Errorf("%s is %q, %v, and %q was to be", key, value, err, want)
			}
		}
		for _, key := range []string{"a", "b"} {
			if err := tx.Later(nil, setMeta, key, []byte("before")); err != nil {
				return err
			}
		}
		err := tx.Foresee([]relational.Ask{{Query: getMeta, Args: []any{"a"}, Depends: on(1)}, {Query: getMeta, Args: []any{"b"}, Depends: on(2)}}, nil)
		if err != nil {
			return err
		}
		said("a", "before")
		if err := tx.Later(on(1), setMeta, "a", []byte("after")); err != nil {
			return err
		}
		said("a", "after")
		said("b", "before")
		if _, err := tx.Exec(setMeta, "b", []byte("after")); err != nil { // it does not say what it touches
			return err
		}
		said("b", "after")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A push would be acknowledged of which one statement was refused, because nobody asked what became of it.
func TestWhatWaitsIsDoneOrNothingIs(t *testing.T) {
	t.Parallel()
	engine, url := openEngine(t)
	err := engine.WriteInTurn(t.Context(), "m", func(tx relational.Tx) error {
		if err := tx.Later(nil, setMeta, "a", []byte("1")); err != nil {
			return err
		}
		return tx.Later(nil, setMeta, "b", nil) // NOT NULL
	})
	if err == nil {
		t.Error("a transaction with a statement that was refused was said to be done")
	}
	mistaken := errors.New("mistaken")
	err = engine.Write(t.Context(), relational.Serial, func(tx relational.Tx) error {
		if _, err := tx.Exec(setMeta, "a", []byte("1")); err != nil {
			return err
		}
		return mistaken
	})
	if !errors.Is(err, mistaken) {
		t.Errorf("the transaction ended with %v", err)
	}
	if n := count(t, url, "SELECT count(*) FROM meta"); n != 0 {
		t.Errorf("%d rows are there of transactions that failed", n)
	}
	if err := engine.Write(t.Context(), relational.Serial, func(tx relational.Tx) error { return tx.Later(nil, setMeta, "a", []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "SELECT count(*) FROM meta"); n != 1 {
		t.Errorf("%d rows are there of a transaction that did one", n)
	}
}

// All counters of a merchant would stand still with one cloud process that does, or that a proxy has between itself and its lock.
func TestATurnThatDoesNotComeIsDoneWithout(t *testing.T) {
	t.Parallel()
	engine, url := openEngine(t)
	stuck, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close(context.WithoutCancel(t.Context()))
	if _, err := stuck.Exec(t.Context(), "SELECT pg_advisory_lock($1)", postgres.TurnOf("m")); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the second does not even wait
		err := engine.WriteInTurn(t.Context(), "m", func(tx relational.Tx) error { return tx.Later(nil, setMeta, "a", []byte("1")) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, url, "SELECT count(*) FROM meta"); n != 1 {
		t.Errorf("%d rows are there, and one was written", n)
	}
}

// A process would keep its turn, and so have every other wait, after what it did in it.
func TestATurnIsGivenBack(t *testing.T) {
	t.Parallel()
	engine, url := openEngine(t)
	mistaken := errors.New("mistaken")
	for _, end := range []error{nil, mistaken} {
		err := engine.WriteInTurn(t.Context(), "m", func(tx relational.Tx) error {
			if err := tx.Later(nil, setMeta, "a", []byte("1")); err != nil {
				return err
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Fatal(err)
		}
		if n := count(t, url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"); n != 0 {
			t.Errorf("%d turns are still taken", n)
		}
	}
}

func count(t *testing.T, url, query string) (n int64) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.WithoutCancel(t.Context()))
	if err := connection.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
