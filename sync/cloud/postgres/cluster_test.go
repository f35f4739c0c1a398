package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"countersign/sync/cloud/postgres"
)

// sellerVariable makes this program the seller of the process test, see sell.
const sellerVariable = "COUNTERSIGN_TEST_SELLER"

// socket is the folder where the tests' own PostgreSQL listens.
var socket string

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
	stop, err := startCluster()
	if err != nil {
		fmt.Fprintf(os.Stderr, "The tests need a PostgreSQL of their own, which did not start: %v\n", err)
		return 1
	}
	defer stop()
	return do()
}

// clusterScript makes a cluster in $1 with the programs of $2, runs it, and removes it when its standard input ends.
const clusterScript = `
cd "$1" || exit 1
"$2/initdb" -D "$1/data" -U countersign -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$1/log" 2>&1 || { cat "$1/log" >&2; exit 1; }
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=300 -c shared_buffers=64MB -c log_min_messages=fatal >>"$1/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$1"/*
`

func startCluster() (stop func(), err error) {
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(programs) == 0 {
		return nil, errors.New("there is none on this machine: install it with .ci/provision test")
	}
	dir, err := os.MkdirTemp("", "countersign-pg")
	if err != nil {
		return nil, err
	}
	args := []string{"sh", "-c", clusterScript, "cluster", dir, programs[len(programs)-1]}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if err := giveToPostgres(dir); err != nil {
			return nil, err
		}
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cluster := exec.Command(args[0], args[1:]...)
	cluster.Stderr = os.Stderr
	life, err := cluster.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cluster.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		life.Close()
		cluster.Wait()
		os.RemoveAll(dir)
	}
	socket = dir
	if err := awaitCluster(); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func giveToPostgres(dir string) error {
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, -1)
}

func awaitCluster() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		connection, err := pgx.Connect(ctx, address("postgres"))
		if err == nil {
			return connection.Close(ctx)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		}
	}
}

// address is the URL of a database of the cluster.
func address(database string) string {
	query := url.Values{"host": {socket}, "user": {"countersign"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

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
