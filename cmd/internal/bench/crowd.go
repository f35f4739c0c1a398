package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"countersign/sync/cloud/sqlite"
)

// crowd are terminals in a process of their own that come to wait at a cloud process when they are told to: a process may have no more
// connections open than it may have files, and those of the terminals count as the cloud's do.
type crowd struct {
	n, came int
	say     io.WriteCloser
	said    *bufio.Reader
	child   *exec.Cmd
}

const (
	crowds    = 2
	crowdIdle = 5 * time.Second // after that a terminal of a crowd gives up a connection that it does not use; others after 90
)

// gather enrols n terminals of a cloud process with its database in a folder.
func gather(ctx context.Context, folder, url string, n int) (*crowd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &crowd{n: n, child: exec.CommandContext(ctx, self, "-crowd", strconv.Itoa(n), folder, url)}
	c.child.Stderr = os.Stderr
	asService(c.child)
	if c.say, err = c.child.StdinPipe(); err != nil {
		return nil, err
	}
	said, err := c.child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.said = bufio.NewReader(said)
	if err := c.child.Start(); err != nil {
		return nil, err
	}
	if err := c.heard(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// heard waits until what was asked for is done.
func (c *crowd) heard() error {
	if _, err := c.said.ReadString('\n'); err != nil {
		return fmt.Errorf("a crowd of terminals is gone: %w", err)
	}
	return nil
}

// come has as many more come, if there are, and returns how many did.
func (c *crowd) come(most int) (int, error) {
	n := min(most, c.n-c.came)
	if _, err := fmt.Fprintln(c.say, n); err != nil {
		return 0, err
	}
	c.came += n
	return n, c.heard()
}

// close has all go.
func (c *crowd) close() error { return errors.Join(c.say.Close(), c.child.Wait()) }

// crowdUntilEnd is what a crowd's process does: it says when its terminals are enrolled, and for each number that it is told that so many more
// have begun.
func crowdUntilEnd(ctx context.Context, n int, at []string) error {
	if len(at) != 2 {
		return errors.New("-crowd is followed by a number, a folder and a URL")
	}
	folder, url := at[0], at[1]
	if _, err := openFiles(pollsEach*uint64(n) + pollsOther); err != nil {
		return err
	}
	storage, err := sqlite.Open(folder)
	if err != nil {
		return err
	}
	tills, err := (&office{storage: storage, url: url, idle: crowdIdle}).fleet(ctx, n)
	if err := errors.Join(err, storage.Close()); err != nil {
		return err
	}
	waiting, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	fmt.Println("enrolled")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		more, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		for i, t := range tills[:more] {
			if i%(pollsGrow/10) == 0 { // a wave is drawn out, as counters are that are not switched on in one second
				if err := rest(ctx, time.Second/10); err != nil {
					return err
				}
			}
			group.Go(func() { t.pump.Run(waiting) })
		}
		tills = tills[more:]
		fmt.Println("begun")
	}
	return nil
}

// comeInWaves has terminals come to wait at a cloud process that may have so many files open, and returns how many there was room for. Each comes
// with two connections and soon needs one of them: so as many come as there is room for, and the next when these have let the other one go.
func comeInWaves(ctx context.Context, l *lab, cloud *office, all []*crowd, terminals, files int) (came int, err error) {
	most := patience
	for came < terminals {
		open, err := openNow(cloud.process)
		if err != nil {
			return came, err
		}
		room := min(terminals-came, (files-pollsSpare-open)/pollsEach)
		if room < 1 {
			l.log("there is no room for more: the cloud has %d files open", open)
			return came, nil
		}
		for i, c := range all {
			n, err := c.come((room + len(all) - i - 1) / (len(all) - i)) // what one has not left, the next has
			if err != nil {
				return came, err
			}
			came, room = came+n, room-n
		}
		waiting, err := allWait(ctx, cloud.url, came, most)
		if err != nil {
			return came, err
		}
		l.log("%d terminals have come, and nearly all wait: %t", came, waiting)
		if !waiting { // this machine is too busy for it, and will not do better with more of them
			most = patience / 6
		}
		if came < terminals {
			if err := letGo(ctx, cloud.process, came, most); err != nil {
				return came, err
			}
		}
	}
	return came, nil
}

// letGo waits until a process has hardly more open than a connection for each terminal, or does not come to that.
func letGo(ctx context.Context, process, terminals int, most time.Duration) error {
	for began := time.Now(); time.Since(began) < most; {
		open, err := openNow(process)
		if err != nil || open <= terminals+pollsSpare {
			return err
		}
		if err := rest(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}
