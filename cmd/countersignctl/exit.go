package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"countersign/cmd/internal/station"
	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
)

// The exit codes; scripts rely on them.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitDeclined = 3
	exitAsks     = 4
	exitCannot   = 5
)

// failure is an error with what to do about it and an exit code.
type failure struct {
	code int
	hint string
	err  error // nil where everything was said already
}

// Error implements error.
func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

// usage marks a mistake in how the command was called.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &failure{exitUsage, "see countersignctl help", err}
}

// ended ends the command with a code whose reason has been printed already.
func ended(code int) error {
	if code == exitDone {
		return nil
	}
	return &failure{code: code}
}

// hints says what to do about the errors that a person can do something about. The first that fits is taken.
var hints = []struct {
	is   error
	code int
	hint string
}{
	{terminal.ErrNotJoined, exitCannot, "run countersignctl join with a join code"},
	{journal.ErrNotEnrolled, exitCannot, "run countersignctl join with a join code"},
	{station.ErrJoined, exitCannot, "countersignctl status says how it is; a first fill that was broken off goes on with countersignctl sync --wait 5m. Another terminal on this computer needs another folder: --data"},
	{journal.ErrDiskFull, exitCannot, "free some space and try again"},
	{keystore.ErrRights, exitCannot, "countersignctl doctor says what mends it"},
	{journal.ErrDamaged, exitFailed, "run countersignctl doctor for what support will ask"},
	{station.ErrUnfilled, exitCannot, "run countersignctl sync --wait 5m once the line is up"},
	{journal.ErrInUse, exitCannot, "close the other program and try again"},
	{journal.ErrOutcomeUnknown, exitFailed, "run countersignctl status, then look the redemption up in countersignctl report"},
	{terminal.ErrNote, exitUsage, "add --reason"},
	{terminal.ErrParts, exitUsage, "countersignctl report --format csv lists the lines of each receipt"},
	{terminal.ErrRulesUnknown, exitCannot, "countersignctl sync brings them"},
	{api.ErrJoinCode, exitUsage, "ask for a new join code: countersign-cloud invite STORE"},
	{cloudsync.ErrAuthorities, exitCannot, "set ca_file in the configuration to a file of PEM certificates, or leave it empty"},
	{cloudsync.ErrPin, exitCannot, "compare the 26 symbols after the join code's dot with what was sent, or scan it again; if they are right, ask whoever runs the cloud for a new one"},
	{terminal.ErrNoAnswer, exitCannot, "check the network cable, the proxy and the cloud's address, then try again"},
}

// report prints an error as one sentence and a hint, and returns the exit code.
func report(errs io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code, hint := exitFailed, ""
	var failed *failure
	var held *station.InUse
	var refused *cloudsync.Refusal
	var lost *station.Lost
	var unwritable *station.Unwritable
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &failed):
		code, hint = failed.code, failed.hint
		if failed.err == nil {
			return code
		}
	case errors.As(err, &held):
		code, hint = exitCannot, "close it, or do the same in its window"
	case errors.As(err, &lost):
		code, hint = exitCannot, lost.Do
	case errors.As(err, &unwritable):
		code, hint = exitCannot, unwritable.Do()
	case errors.As(err, &refused):
		code = exitCannot
	case errors.As(err, &untrusted):
		code = exitCannot
		hint = "check this computer's date; where the network has certificates of its own, put them into a file and set ca_file in the configuration to it"
	case strings.HasPrefix(err.Error(), "unknown command"):
		code, hint = exitUsage, "see countersignctl help"
	default:
		for _, known := range hints {
			if errors.Is(err, known.is) {
				code, hint = known.code, known.hint
				break
			}
		}
	}
	fmt.Fprintln(errs, "countersignctl:", firstLine(err.Error()))
	if hint != "" {
		fmt.Fprintln(errs, "  "+hint)
	}
	return code
}

// firstLine keeps an error to one line, whatever a library put into it.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimRight(line, " :")
}
