package station

import (
	"context"
	"slices"
	"time"

	"countersign/terminal"
	"countersign/terminal/printer"
)

// NeedsYes reports that a slip waits for a person before it is printed: it is held, or has waited for so long that its customer is gone.
func NeedsYes(job terminal.SpoolJob, now time.Time) bool {
	return job.State == terminal.JobQueued && (job.Hold || later(job.Made, job.Released).Before(now.Add(-printer.Staleness)))
}

// signedIn is who signs in for a word on a slip; nobody where the store asks nobody. A finding says why he may not.
func (s *Station) signedIn(ctx context.Context, operator, pin string) (*terminal.Operator, *terminal.Finding, error) {
	if operator != "" {
		return s.Terminal.SignIn(ctx, operator, pin)
	}
	settings, err := s.Terminal.Settings(ctx)
	if err == nil && settings.Store.SignIn != terminal.SignInNone && settings.Store.SignIn != "" {
		err = ErrSignIn
	}
	return nil, nil, err
}

// noted writes down who said something of a slip. The journal holds what happened to vouchers; this did not.
func (s *Station) noted(what string, id int64, who *terminal.Operator) {
	operator := ""
	if who != nil {
		operator = who.ID
	}
	s.Log.Info("a person's word on a slip", "word", what, "job", id, "operator", operator)
}

// PrintAgain prints the slip of an entry: the original, where nothing of it was ever sent, else one headed DUPLICATE. It returns the record
// of whichever it was: of the entry itself, or of the reprint.
func (s *Station) PrintAgain(ctx context.Context, uid terminal.UID, who *terminal.Operator) (terminal.Record, error) {
	jobs, err := s.Journal.JobsOf(ctx, uid)
	if err != nil {
		return terminal.Record{}, err
	}
	for _, job := range jobs {
		if job.Duplicate == 0 && job.State == terminal.JobQueued && job.Profile == s.profile.ID && len(job.Bytes) > 0 && !job.Altered {
			if err := s.PrintNow(ctx, job.ID, who); err == nil {
				return s.Journal.ByUID(ctx, uid)
			}
			break // it has just been begun: what is wanted now is another one
		}
	}
	return s.Terminal.Reprint(ctx, uid, who)
}

// PrintNow has a slip printed that waits for a yes; terminal.ErrUnknown where it waits no more.
func (s *Station) PrintNow(ctx context.Context, id int64, who *terminal.Operator) error {
	if err := s.Journal.ReleaseJob(ctx, id, time.Now()); err != nil {
		return err
	}
	s.noted("print", id, who)
	s.Printer.Nudge()
	s.notify()
	return nil
}

// SettleSlip is a person's word on a slip. One that is on its way is cancelled: the printer's worker then ends it, as soon as the line lets
// go of it. terminal.ErrUnknown says that it is not in the state from.
func (s *Station) SettleSlip(ctx context.Context, id int64, from, to terminal.JobState, who *terminal.Operator) error {
	job, err := s.Journal.Job(ctx, id)
	if err != nil {
		return err
	}
	if job.State != from {
		return terminal.ErrUnknown
	}
	under := from == terminal.JobSending || from == terminal.JobSent
	switch {
	case under && to == terminal.JobAbandoned && s.Printer.Cancel(id):
	case from == terminal.JobSending:
		return terminal.ErrUnknown // nobody but its worker ends it
	default:
		if err := s.Journal.MarkJob(ctx, id, from, to, ""); err != nil {
			return err
		}
	}
	s.noted(string(to), id, who)
	s.notify()
	return nil
}

// Unsettled are the slips that wait or need a look, the oldest first.
func (r *Reader) Unsettled(ctx context.Context) ([]terminal.SpoolJob, error) {
	jobs, err := r.Journal.Jobs(ctx, terminal.JobQueued, terminal.JobSending, terminal.JobSent, terminal.JobUnconfirmed, terminal.JobFailed)
	return slices.DeleteFunc(jobs, func(job terminal.SpoolJob) bool {
		return job.State == terminal.JobSent && job.Detail == terminal.DetailNoWord // more will never be known of it
	}), err
}

// PrintMissing prints a slip that a person says is not on paper: itself where nothing of it was sent, else it is given up, and made again.
func (s *Station) PrintMissing(ctx context.Context, id int64, who *terminal.Operator) error {
	job, err := s.Journal.Job(ctx, id)
	if err != nil {
		return err
	}
	if job.State == terminal.JobQueued {
		return s.PrintNow(ctx, id, who)
	}
	if job.UID.IsZero() {
		return terminal.ErrUnknown
	}
	if _, err := s.PrintAgain(ctx, job.UID, who); err != nil {
		return err
	}
	return s.SettleSlip(ctx, id, job.State, terminal.JobAbandoned, who)
}
