// Package cluster runs a PostgreSQL of one's own, for tests and measurements: in a folder and on a socket of its own, gone with the process
// that started it, however that ends.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running PostgreSQL with the superuser countersign.
type Cluster struct {
	folder, programs string
	socket           string // the folder of its socket, whose path may have a hundred bytes and no sign of a URL or a list
	server           *exec.Cmd
	life             io.Closer // its standard input: it ends where that ends
}

// socketParent is where PostgreSQL has its sockets by itself: short, and there for everybody.
const socketParent = "/tmp"

// script makes a cluster in $1 with the programs of $2 and the settings that follow $3, runs it on a socket there, and
// removes it when its standard input ends.
const script = `
cd "$1" || exit 1
folder=$1 programs=$2 socket=$3
shift 3
"$programs/initdb" -D "$folder/data" -U countersign -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$programs/postgres" -D "$folder/data" -k "$socket" -c listen_addresses= -c log_min_messages=fatal "$@" >>"$folder/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$folder"/* "$socket"
`

// Start runs a cluster in a new folder below parent, the system's folder for temporary files where that is empty. settings are such as
// "fsync=off". Where root asks, the cluster runs as the user postgres, since PostgreSQL refuses to run as root; the parent has to be one
// that this user can enter.
func Start(parent string, settings ...string) (*Cluster, error) {
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(programs) == 0 {
		return nil, errors.New("there is no PostgreSQL on this machine: install it with .ci/provision test")
	}
	folder, err := os.MkdirTemp(parent, "countersign-pg")
	if err != nil {
		return nil, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	c := &Cluster{folder: folder, programs: programs[len(programs)-1]}
	if c.socket, err = os.MkdirTemp(socketParent, "countersign-pg"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	args := []string{"sh", "-c", script, "cluster", folder, c.programs, c.socket}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	if os.Getuid() == 0 {
		if err := errors.Join(giveToPostgres(folder), giveToPostgres(c.socket)); err != nil {
			return nil, errors.Join(err, c.remove())
		}
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	c.server = exec.Command(args[0], args[1:]...)
	c.server.Stderr = os.Stderr
	apart(c.server)
	if c.life, err = c.server.StdinPipe(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	if err := c.server.Start(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	if err := c.await(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Stop ends the cluster and removes its folder.
func (c *Cluster) Stop() error {
	_ = c.life.Close()
	err := c.server.Wait()
	return errors.Join(err, c.remove())
}

func (c *Cluster) remove() error { return errors.Join(os.RemoveAll(c.folder), os.RemoveAll(c.socket)) }

// URL names a database of the cluster; "postgres" is always there.
func (c *Cluster) URL(database string) string {
	query := url.Values{"host": {c.socket}, "user": {"countersign"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

// Command runs a program of PostgreSQL's own, such as pgbench, against a database of the cluster.
func (c *Cluster) Command(ctx context.Context, program, database string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(c.programs, program), args...)
	command.Env = append(os.Environ(), "PGHOST="+c.socket, "PGUSER=countersign", "PGDATABASE="+database)
	return command
}

func giveToPostgres(folder string) error {
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	return os.Chown(folder, uid, -1)
}

func (c *Cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		connection, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return connection.Close(ctx)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the PostgreSQL in %s does not answer: %w", c.folder, err)
		}
	}
}
