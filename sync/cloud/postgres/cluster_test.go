package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"countersign/sync/cloud/postgres"
	"countersign/sync/cloud/postgres/cluster"
)

// sellerVariable makes this program the seller of the process test, see sell.
const sellerVariable = "COUNTERSIGN_TEST_SELLER"

// own is the tests' own PostgreSQL.
var own *cluster.Cluster

func TestMain(m *testing.M) {
	if raw := os.Getenv(sellerVariable); raw != "" {
		if err := sell(raw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(withCluster(m.Run))
}

// withCluster runs do with a PostgreSQL of its own, which ends with this process, however that ends.
func withCluster(do func() int) int {
	parent, err := awkward()
	if err == nil {
		defer func() { _ = os.RemoveAll(parent) }()
		own, err = cluster.Start(filepath.Join(parent, deep), "fsync=off", "max_connections=300", "shared_buffers=64MB")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "The tests need a PostgreSQL of their own, which did not start: %v\n", err)
		return 1
	}
	code := do()
	if err := own.Stop(); err != nil {
		fmt.Fprintf(os.Stderr, "The tests' PostgreSQL did not end well: %v\n", err)
	}
	return code
}

// deep is a folder as people have them: with a space, with what is a sign in URLs, and deeper than a socket's path may be long.
var deep = filepath.Join("shop no. 1 + 2? #100%, and", strings.Repeat("long", 30))

// awkward makes a temporary folder with deep in it, which whom the cluster runs as can enter.
func awkward() (parent string, err error) {
	if parent, err = os.MkdirTemp("", "countersign-test"); err != nil {
		return "", err
	}
	return parent, errors.Join(os.Chmod(parent, 0o755), os.MkdirAll(filepath.Join(parent, deep), 0o755))
}

// address is the URL of a database of the cluster.
func address(database string) string { return own.URL(database) }

var databases atomic.Int64

// newDatabase makes a database with the tables and the faults, and returns its URL.
func newDatabase(t *testing.T) string {
	t.Helper()
	if err := template(); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("shop%d", databases.Add(1))
	execute(t, address("postgres"), "CREATE DATABASE "+name+" TEMPLATE prepared")
	return address(name)
}

// template makes the database that the others are copies of: migrating each would take most of the tests' time.
var template = sync.OnceValue(func() error {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, address("postgres"))
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, "CREATE DATABASE prepared"); err != nil {
		return err
	}
	// Two at once, as when a merchant starts several processes on a new database.
	var opening sync.WaitGroup
	failed := make([]error, 2)
	for i := range failed {
		opening.Go(func() {
			storage, err := postgres.Open(ctx, address("prepared"))
			if err == nil {
				err = storage.Close()
			}
			failed[i] = err
		})
	}
	opening.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	prepared, err := pgx.Connect(ctx, address("prepared"))
	if err != nil {
		return err
	}
	defer prepared.Close(ctx)
	_, err = prepared.Exec(ctx, "DELETE FROM meta;"+faults)
	return err
})

func execute(t *testing.T, url string, commands ...string) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.WithoutCancel(t.Context()))
	for _, command := range commands {
		if _, err := connection.Exec(t.Context(), command); err != nil {
			t.Fatalf("%s: %v", strings.TrimSpace(command), err)
		}
	}
}

// job is what the seller is told.
type job struct {
	URL     string
	Batches string // a file
}

func (j job) encode(t *testing.T) string {
	raw, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
