package station

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"countersign/terminal"
	"countersign/terminal/clock"
)

const (
	// wallKey is where the journal's file keeps how the wall clock stood, for the next start in the same boot.
	wallKey = "wall"
	// lookAtClockEvery is how often the wall clock is looked at.
	lookAtClockEvery = time.Minute
	// clockMovedFor is for how long status shows that the clock was moved.
	clockMovedFor = 7 * 24 * time.Hour
)

// resumeClock has the clock see what was moved since the start before this one.
func (s *Station) resumeClock(ctx context.Context) error {
	text, err := s.Journal.State(ctx, wallKey)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return err
	}
	var last clock.Wall
	if json.Unmarshal(text, &last) == nil { // what cannot be read is as good as nothing
		s.clock.Resume(last)
		s.wall = last
	}
	s.lookAtClock(ctx)
	return nil
}

// lookAtClock journals it where somebody moved the wall clock. What cannot be journalled now is with the next look.
func (s *Station) lookAtClock(ctx context.Context) {
	s.looking.Lock()
	defer s.looking.Unlock()
	s.moved += s.clock.Step()
	if s.moved != 0 {
		if err := s.Terminal.NoteClock(ctx, s.moved); err != nil {
			s.Log.Error("that the clock was moved could not be journalled", "by", s.moved.String(), "error", err.Error())
			return
		}
		s.Log.Warn("the clock was moved", "by", s.moved.String())
		s.moved = 0
	}
	wall, ok := s.clock.Wall()
	if !ok || wall == s.wall {
		return
	}
	text, err := json.Marshal(wall)
	if err == nil {
		err = s.Journal.SetState(ctx, wallKey, text)
	}
	if err != nil {
		s.Log.Error("how the clock stands could not be kept", "error", err.Error())
		return
	}
	s.wall = wall
}

// Today is the store's business day as redemptions are booked: by what is certain of the time, not by a clock that somebody moved.
func (r *Reader) Today(ctx context.Context) (terminal.Date, error) {
	settings, err := r.Terminal.Settings(ctx)
	if err != nil {
		return terminal.Date{}, err
	}
	zone, err := settings.Store.Location()
	if err != nil {
		return terminal.Date{}, err
	}
	return terminal.BusinessDay(r.Clock.Read().Believed(), zone, settings.Store.BusinessDayStarts), nil
}

// ClockMove is a move of the wall clock, as the journal says it.
type ClockMove struct {
	Seconds int64     `json:"seconds"` // forward is positive
	At      time.Time `json:"at"`      // by the wall clock after it
	Entry   uint64    `json:"entry"`
}

// clockMove is the newest move of the clock that is worth a word, of the last days; nil for none.
func (r *Reader) clockMove(ctx context.Context, now terminal.Reading) (*ClockMove, error) {
	e, err := r.Journal.LastClock(ctx)
	if errors.Is(err, terminal.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	by, err := time.ParseDuration(e.Note)
	if err != nil || by.Abs() < clockTolerance || now.Wall.Sub(e.Wall).Abs() > clockMovedFor {
		return nil, nil // a journal of another program may say it in other words
	}
	return &ClockMove{Seconds: int64(by.Seconds()), At: e.Wall, Entry: e.Seq}, nil
}

// String says which way the clock was moved, how far and when.
func (m ClockMove) String() string {
	by, way := time.Duration(m.Seconds)*time.Second, "forward"
	if by < 0 {
		way = "back"
	}
	return "moved " + way + " by " + span(by) + " at " + m.At.Local().Format(time.DateTime)
}
