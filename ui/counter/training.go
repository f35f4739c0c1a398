package counter

import (
	"context"
	"sync"
	"time"

	"countersign/terminal"
)

// Sandbox is a terminal to practise on: nothing that is done with it counts.
type Sandbox interface {
	Terminal
	Rows
	Close() error
}

// settled reports that nothing is in hand, and nothing waits.
func (s State) settled() bool {
	switch s.Phase {
	case Ready, Redeemed, Declined, TakenBack:
		return s.waits() == 0 && !s.Billing
	}
	return false
}

// trainingAsked asks the manager who begins a training, or ends it. A customer's voucher in hand comes first: it must not become an
// exercise, nor an exercise a redemption.
func (s State) trainingAsked() (State, []Command) {
	if s.Sheet == SignInSheet || s.Phase == Redeeming || (s.Place.Store.SignIn == terminal.SignInShift && s.Operator == nil) {
		return s, nil
	}
	if !s.Training && !s.settled() {
		return s.closed().notice("ui.notice.finish_first", nil), nil
	}
	return s.signIn(ForTraining), nil
}

// trainingAgreed goes on once a manager's PIN was right.
func (s State) trainingAgreed() (State, []Command) {
	switch {
	case s.Training:
		return s.trainingEnded("ui.notice.training_ended")
	case !s.settled(): // a customer came in between
		return s.notice("ui.notice.finish_first", nil), nil
	}
	return s, []Command{BeginTraining{}}
}

func (s State) trainingBegun(e TrainingBegun) (State, []Command) {
	if e.Err != nil || e.Terminal == nil {
		return s.notice("ui.notice.training_failed", nil), nil
	}
	if !s.settled() {
		return s.notice("ui.notice.finish_first", nil), []Command{EndTraining{}}
	}
	s = s.cleared()
	s.Training, s.TrainedOn = true, s.businessDay()
	return s, []Command{LoadPast{s.Operator}}
}

// trainingEnded goes back to work. What was being practised is dropped, with all that waits: none of it may become real.
func (s State) trainingEnded(says string) (State, []Command) {
	if s.Sheet != SignInSheet || s.Purpose == ForApproval || s.Purpose == ForUndo || s.Purpose == ForUndoAgreed || s.Purpose == ForTraining {
		s = s.left()
	}
	s = s.cleared()
	s.Training = false
	s = s.notice(says, nil)
	return s, []Command{EndTraining{}, LoadPast{s.Operator}}
}

// cleared is a panel with nothing in hand. What is still on its way to it is dropped.
func (s State) cleared() State {
	s.Turn++
	s.Waiting, s.Aside = nil, nil
	s.Billing, s.Undoing, s.Undo, s.Opened = false, nil, TakeBack{}, terminal.UID{}
	s.Request, s.Outcome, s.Input, s.Asks, s.Fault, s.Again = terminal.Request{}, terminal.Outcome{}, "", "", "", nil
	s.Known, s.Parts, s.Row, s.Past, s.Unread, s.Found = nil, nil, 0, nil, false, nil
	return s.enter(Ready)
}

// businessDay is the day that it is by the store's clock.
func (s State) businessDay() terminal.Date {
	zone, err := s.Place.Store.Location()
	if err != nil {
		return terminal.Date{}
	}
	return terminal.BusinessDay(s.Now, zone, s.Place.Store.BusinessDayStarts)
}

// dayIsOver reports that the business day on which the training began has ended: nobody finds the counter in training in the morning.
func (s State) dayIsOver() bool { return s.Phase != Redeeming && s.businessDay() != s.TrainedOn }

// inHand reports that closing the window would lose something that somebody has begun.
func (s State) inHand() bool {
	if s.Phase == Fault && s.Undoing == nil && len(s.Request.Scans) == 0 && s.waits() == 0 {
		return false // a counter that cannot work at all
	}
	return s.busy() || s.Billing || s.waits() > 0 || s.Undoing != nil
}

// shutting takes the answer to whether the window closes over what is open.
func (s State) shutting(event Event) (State, []Command) {
	switch e := event.(type) {
	case Confirmed:
		if s.Now.Sub(s.Shutting) < millis(guardMillis) || s.Phase == Redeeming {
			return s, nil // nobody can have read it yet, or it is being written
		}
		return s, []Command{CloseWindow{}}
	case Dismissed:
		s.Shutting = time.Time{}
	case Scanned: // the customer comes first
		s.Shutting = time.Time{}
		return s.scanned(e.Scan)
	}
	return s, nil
}

// closeAsked closes the window, or asks for the manager who may. Over what is open it asks first: the key is next to others, and the
// window's own button is one slip away.
func (s State) closeAsked() (State, []Command) {
	switch {
	case s.Phase == Redeeming:
		return s, nil // it is being written, and takes a moment
	case !s.Guarded && s.inHand():
		s.Shutting = s.Now
		return s, nil
	case !s.Guarded:
		return s, []Command{CloseWindow{}}
	case s.Sheet == SignInSheet && s.Purpose != ForShift:
		return s.notice("ui.notice.guarded", nil), nil
	}
	return s.signIn(ForClosing).notice("ui.notice.guarded", nil), nil
}

// practice is the terminal of a training, and what is still being done with it.
type practice struct {
	Sandbox
	busy sync.WaitGroup
}

// endTraining makes an end of a training's terminal, once nothing is being done with it any more.
func (c *Counter) endTraining() {
	ended := c.practice
	if c.practice = nil; ended == nil {
		return
	}
	c.work.Add(1)
	c.parts.Go(func() {
		defer c.work.Done()
		ended.busy.Wait()
		c.log("end the training", ended.Close())
	})
}

// train makes a terminal to practise on.
func (c *Counter) train(ctx context.Context) TrainingBegun {
	if c.parts.Train == nil {
		return TrainingBegun{}
	}
	sandbox, err := c.parts.Train(ctx)
	c.log("begin a training", err)
	return TrainingBegun{sandbox, err}
}
