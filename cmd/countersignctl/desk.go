package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/control"
	"countersign/cmd/internal/station"
)

// desk is what a command works on that does not redeem: the data folder itself, or, where a counter has it, that counter.
type desk struct {
	station.Desk
	reader  *station.Reader
	station *station.Station // nil where a counter that is running does the work
}

// A program that has the data folder and does not answer is about to start, or to end, for so long; after that it is named.
const (
	deskPatience = 2 * time.Second
	deskAgain    = 50 * time.Millisecond
)

// openDesk opens the data folder, or finds the counter that has it.
func (a *app) openDesk(ctx context.Context) (*desk, error) {
	deadline := time.Now().Add(deskPatience)
	for {
		d, err := a.tryDesk(ctx)
		var held *station.InUse
		if !errors.As(err, &held) || time.Now().After(deadline) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(deskAgain):
		}
	}
}

func (a *app) tryDesk(ctx context.Context) (*desk, error) {
	s, err := station.Open(ctx, a.stationConfig())
	if err == nil {
		return &desk{s, s.Reader, s}, nil
	}
	var held *station.InUse
	if !errors.As(err, &held) {
		return nil, err
	}
	neighbour, refused := station.FindNeighbour(ctx, held.Folder)
	if errors.Is(refused, control.ErrNobody) || errors.Is(refused, context.DeadlineExceeded) {
		return nil, err
	}
	if refused != nil {
		return nil, &failure{exitCannot, "close it, or do the same in its window", refused}
	}
	reader, err := station.OpenReader(ctx, a.stationConfig())
	if err != nil {
		return nil, err
	}
	return &desk{neighbour, reader, nil}, nil
}

func (d *desk) close() error {
	if d.station != nil {
		return d.station.Close()
	}
	return d.reader.Close()
}

// withDesk is withStation for work that the counter that is running can do as well.
func (a *app) withDesk(command *cobra.Command, work func(context.Context, *desk) error) error {
	ctx := command.Context()
	d, err := a.openDesk(ctx)
	if err != nil {
		return err
	}
	if d.station != nil {
		d.station.Fill(ctx, fillFirst)
	}
	err = blamed(d.reader.Folder(), work(ctx, d))
	if d.station != nil {
		d.station.Linger(ctx, pushAfterwards, printAfterwards)
		a.sayWaiting(ctx, d.station, command.ErrOrStderr())
	}
	if closing := d.close(); err == nil {
		err = closing
	}
	return err
}
