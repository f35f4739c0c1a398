package main_test

import (
	"bufio"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/sync/api"
)

// programs is the folder of the real programs, built once for all tests.
var programs string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "countersign-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "x11", "-o", folder+string(os.PathSeparator), ".", "../countersign-cloud")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the programs cannot be built: %v\n%s", err, output)
		return 1
	}
	programs = folder
	return m.Run()
}

// The journeys are what a shop, its IT and its scripts do with the real programs; each says in its first line what would be broken.
func TestJourneys(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("COUNTERSIGN_DATA", filepath.Join(env.WorkDir, "terminal"))
			env.Values[heldKey{}] = &heldProgram{}
			link, err := demo.NewLink(nil)
			if err != nil {
				return err
			}
			cloud := &cloudProgram{data: filepath.Join(env.WorkDir, "cloud"), folder: env.WorkDir, public: "http://" + link.Addr(), link: link}
			env.Values[cloudKey{}] = cloud
			env.Defer(func() {
				cloud.stop(os.Kill)
				_ = link.Close() // the journey is over: how it closes is nobody's business
			})
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"cloud": cloudCommand, "vouchers": vouchersCommand, "invite": inviteCommand, "json": jsonCommand, "exit": exitCommand, "within": withinCommand,
			"fill": fillCommand, "lines": linesCommand, "line": lineCommand, "hold": holdCommand, "readmit": readmitCommand, "letgo": letGoCommand, "forge": forgeCommand,
			"spoil": spoilCommand,
		},
	})
}

type cloudKey struct{}

// cloudProgram is a countersign-cloud that serves, on the same port each time it is started.
type cloudProgram struct {
	data   string
	folder string
	public string     // what terminals call: the link
	link   *demo.Link // leads to the cloud from its first start on
	flags  []string   // of serve, besides
	addr   string
	cmd    *exec.Cmd
	exited chan error
}

// start runs serve and returns once it is ready.
func (c *cloudProgram) start() error {
	listen := c.addr
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	args := append([]string{"--data", c.data, "serve", "--listen", listen, "--public-url", c.public}, c.flags...)
	c.cmd = exec.Command(filepath.Join(programs, "countersign-cloud"), args...)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var failed strings.Builder
	c.cmd.Stderr = &failed
	if err := c.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		return errors.Join(fmt.Errorf("the cloud did not start: %s", failed.String()), c.cmd.Wait())
	}
	c.exited = make(chan error, 1)
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		c.exited <- c.cmd.Wait()
	}()
	if c.addr == "" {
		_, c.addr, _ = strings.Cut(strings.TrimSpace(line), "://")
		c.link.Serve(c.addr)
	}
	return nil
}

func (c *cloudProgram) stop(signal os.Signal) {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(signal) // it may have ended by itself, which Wait tells
	<-c.exited
	c.cmd = nil
}

// cloudCommand is "cloud start|stop|silent|heard": a silent cloud's address takes connections and answers nothing.
func cloudCommand(ts *testscript.TestScript, _ bool, args []string) {
	c := ts.Value(cloudKey{}).(*cloudProgram)
	switch args[0] {
	case "start":
		ts.Check(c.start())
	case "stop":
		c.stop(syscall.SIGTERM)
	case "silent":
		c.link.Cut()
	case "heard":
		c.link.Restore()
	}
}

// run runs the cloud's program on its data and returns what it prints.
func (c *cloudProgram) run(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(programs, "countersign-cloud"), append([]string{"--data", c.data}, args...)...)
	cmd.Dir = c.folder
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("countersign-cloud %s: %w: %s", strings.Join(args, " "), err, failed.String())
	}
	return string(out), nil
}

// vouchersCommand is "vouchers CAMPAIGN COUNT [flags]": it issues vouchers and puts their codes into CODE1, CODE2 … and ID1, ID2 …
func vouchersCommand(ts *testscript.TestScript, _ bool, args []string) {
	c := ts.Value(cloudKey{}).(*cloudProgram)
	codes, ids, err := c.issue(args[0], args[1], args[2:]...)
	ts.Check(err)
	for i := range codes {
		ts.Setenv(fmt.Sprintf("CODE%d", i+1), codes[i])
		ts.Setenv(fmt.Sprintf("ID%d", i+1), ids[i])
	}
}

func (c *cloudProgram) issue(campaign, count string, flags ...string) (codes, ids []string, err error) {
	out, err := c.run(append([]string{"issue", campaign, "--count", count}, flags...)...)
	if err != nil {
		return nil, nil, err
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows[1:] {
		ids, codes = append(ids, row[0]), append(codes, row[1])
	}
	return codes, ids, nil
}

// inviteCommand is "invite STORE [flags]": it puts a join code into JOIN.
func inviteCommand(ts *testscript.TestScript, _ bool, args []string) {
	out, err := ts.Value(cloudKey{}).(*cloudProgram).run(append([]string{"invite"}, args...)...)
	ts.Check(err)
	ts.Setenv("JOIN", strings.TrimSpace(out))
}

// readmitCommand is "readmit TERMINAL last": it says that the machine that was heard last is the real one.
func readmitCommand(ts *testscript.TestScript, _ bool, args []string) {
	cloud := ts.Value(cloudKey{}).(*cloudProgram)
	out, err := cloud.run("exceptions", "--json")
	ts.Check(err)
	var all []api.Exception
	ts.Check(json.Unmarshal([]byte(out), &all))
	for _, x := range all {
		if x.Machines == nil || len(*x.Machines) == 0 {
			continue
		}
		last := (*x.Machines)[0]
		for _, m := range *x.Machines {
			if m.Seen.After(last.Seen) {
				last = m
			}
		}
		_, err := cloud.run("readmit", args[0], "--machine", last.Id)
		ts.Check(err)
		return
	}
	ts.Fatalf("no exception tells of machines: %s", out)
}

// exitCommand is "exit CODE PROGRAM ARGS…": it runs a program and wants just this exit code.
func exitCommand(ts *testscript.TestScript, _ bool, args []string) {
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != wanted {
		ts.Fatalf("exit code %d instead of %d", got, wanted)
	}
}

// withinCommand is "within DURATION PROGRAM ARGS…": the program must be done, and well, in that time. On a machine that is busy with
// something else it may take longer, by ten times what the same program takes there to say its version.
func withinCommand(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	idle := time.Now()
	ts.Check(ts.Exec(args[1], "--version"))
	limit += 10 * time.Since(idle)
	began := time.Now()
	ts.Check(ts.Exec(args[1], args[2:]...))
	if took := time.Since(began); took > limit {
		ts.Fatalf("it took %v, and may take %v", took, limit)
	}
}

// jsonCommand is "json PATH [VALUE]": the last line on standard output, or standard output as a whole, is JSON and has this value at
// PATH ("facts.store", "0.uses.len" for a length); without VALUE it has something there.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.TrimSpace(ts.ReadFile("stdout"))
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		lines := strings.Split(text, "\n")
		ts.Check(json.Unmarshal([]byte(lines[len(lines)-1]), &value))
	}
	found, ok := at(value, args[0])
	if len(args) == 1 {
		if ok == neg {
			ts.Fatalf("%s is there: %v, in %s", args[0], ok, text)
		}
		return
	}
	if got := fmt.Sprint(found); (ok && got == args[1]) == neg {
		ts.Fatalf("%s is %q, in %s", args[0], got, text)
	}
}

// fillCommand is "fill FILE": it puts the values of variables into a file.
func fillCommand(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(path, []byte(text), 0o600))
}

// linesCommand is "lines N": standard output has so many lines.
func linesCommand(ts *testscript.TestScript, _ bool, args []string) {
	if got := strings.Count(ts.ReadFile("stdout"), "\n"); fmt.Sprint(got) != args[0] {
		ts.Fatalf("%d lines instead of %s: %s", got, args[0], ts.ReadFile("stdout"))
	}
}

// lineCommand is "line N PATH [VALUE]": the N-th line on standard output, from 1, is JSON and has this at PATH.
func lineCommand(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.Split(ts.ReadFile("stdout"), "\n")
	if n > len(lines) {
		ts.Fatalf("there are only %d lines", len(lines))
	}
	var value any
	ts.Check(json.Unmarshal([]byte(lines[n-1]), &value))
	found, ok := at(value, args[1])
	if !ok || (len(args) > 2 && fmt.Sprint(found) != args[2]) {
		ts.Fatalf("%s of line %d is %v: %s", args[1], n, found, lines[n-1])
	}
}

type heldKey struct{}

// heldProgram is a program that has the data folder.
type heldProgram struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// holdCommand is "hold PROGRAM ARGS…": it starts a program that waits for its input, and returns when that has the data folder.
func holdCommand(ts *testscript.TestScript, _ bool, args []string) {
	held := ts.Value(heldKey{}).(*heldProgram)
	held.cmd = exec.Command(filepath.Join(programs, args[0]), args[1:]...)
	held.cmd.Env = append(os.Environ(), "COUNTERSIGN_DATA="+ts.Getenv("COUNTERSIGN_DATA"))
	var err error
	held.in, err = held.cmd.StdinPipe()
	ts.Check(err)
	ts.Check(held.cmd.Start())
	deadline := time.After(time.Minute)
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for {
		if holder, taken := station.FindHolder(ts.Getenv("COUNTERSIGN_DATA")); taken && holder.PID == held.cmd.Process.Pid {
			return
		}
		select {
		case <-deadline:
			ts.Fatalf("%s did not take the data folder", args[0])
		case <-every.C:
		}
	}
}

// letGoCommand is "letgo": the program's input ends, and with it the program.
func letGoCommand(ts *testscript.TestScript, _ bool, _ []string) {
	held := ts.Value(heldKey{}).(*heldProgram)
	ts.Check(held.in.Close())
	ts.Check(held.cmd.Wait())
}

// forgeCommand is "forge": FORGED is the join code in JOIN with the hash of another root key.
func forgeCommand(ts *testscript.TestScript, _ bool, _ []string) {
	code, err := api.ParseJoinCode(ts.Getenv("JOIN"))
	ts.Check(err)
	code.RootHash = api.RootHash(make([]byte, 32))
	ts.Setenv("FORGED", code.String())
}

// spoilCommand is "spoil": the newest entry of the journal gets a signature that is none.
func spoilCommand(ts *testscript.TestScript, _ bool, _ []string) {
	db, err := sql.Open("sqlite3", "file:"+ts.MkAbs("terminal/journal.db"))
	ts.Check(err)
	_, err = db.Exec("UPDATE entries SET signature = zeroblob(64) WHERE seq = (SELECT max(seq) FROM entries)")
	ts.Check(errors.Join(err, db.Close()))
}

func at(value any, path string) (any, bool) {
	for _, step := range strings.Split(path, ".") {
		switch within := value.(type) {
		case map[string]any:
			next, ok := within[step]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			if step == "len" {
				return len(within), true
			}
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(within) {
				return nil, false
			}
			value = within[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// output collects what a program prints while it runs.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
