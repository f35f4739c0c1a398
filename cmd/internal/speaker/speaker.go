// Package speaker plays the counter's short sounds: on Windows through the system's own PlaySound, elsewhere through whichever player of
// the sound system is installed, as a child process. Sounds are a help and no more: nothing waits for one, and one that fails is noted in
// the log and forgotten.
package speaker

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// device is a way to play WAV files. play returns when the sound is over, or the device has taken it; it stops when ctx ends.
type device interface {
	name() string
	play(ctx context.Context, wav []byte) error
	// close gives back what playing has taken.
	close() error
}

// errNone says that there is nothing to play with.
var errNone = errors.New("no sound player was found")

const (
	// longest is how long a player may take: one that waits for a sound system that does not answer is stopped.
	longest = 5 * time.Second
	// quietFor is how long nothing is written of sounds that fail after one has: there may be one a second.
	quietFor = time.Hour
)

// Find names what sounds are played with here; "" where there is nothing.
func Find() string {
	if devices := find(); len(devices) > 0 {
		return devices[0].name()
	}
	return ""
}

// Speaker plays sounds one at a time, the newest first. Play may be called on any goroutine.
type Speaker struct {
	log     *slog.Logger
	wants   chan []byte // one slot: what is played next
	devices []device
	told    time.Time // when a failure was last noted
}

// New makes a speaker with what there is to play with now.
func New(log *slog.Logger) *Speaker {
	return &Speaker{log: log, wants: make(chan []byte, 1), devices: find()}
}

// Play has a WAV file played now; one that is still playing is broken off. It never blocks. The file must not be changed afterwards.
func (s *Speaker) Play(wav []byte) {
	for {
		select {
		case s.wants <- wav:
			return
		default:
		}
		select { // what nobody has begun to play is out of date
		case <-s.wants:
		default:
		}
	}
}

// Run plays what Play asks for, until ctx ends.
func (s *Speaker) Run(ctx context.Context) {
	var next []byte
	for {
		if next == nil {
			select {
			case <-ctx.Done():
				s.close()
				return
			case next = <-s.wants:
			}
		}
		next = s.sound(ctx, next)
	}
}

// sound plays one file, and returns the one that broke it off, if one did.
func (s *Speaker) sound(ctx context.Context, wav []byte) (next []byte) {
	playing, stop := context.WithTimeout(ctx, longest)
	defer stop()
	over := make(chan error, 1)
	go func() { over <- s.play(playing, wav) }()
	select {
	case err := <-over:
		s.note(ctx, err)
	case next = <-s.wants:
		stop()
		<-over
	}
	return next
}

// play tries each device until one plays. What fails goes to the end: the sound system that is running is found once.
func (s *Speaker) play(ctx context.Context, wav []byte) error {
	var failed error
	for range s.devices {
		first := s.devices[0]
		err := first.play(ctx, wav)
		if err == nil || (ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded)) {
			return nil
		}
		failed = errors.Join(failed, err)
		s.devices = append(s.devices[1:], first)
		if ctx.Err() != nil {
			break
		}
	}
	if len(s.devices) == 0 {
		return errNone
	}
	return failed
}

func (s *Speaker) note(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || (!s.told.IsZero() && time.Since(s.told) < quietFor) {
		return
	}
	s.told = time.Now()
	s.log.Info("a sound could not be played", "error", err.Error())
}

func (s *Speaker) close() {
	for _, d := range s.devices {
		if err := d.close(); err != nil {
			s.log.Info("what sounds were played from is left behind", "error", err.Error())
		}
	}
}
