package journal

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/terminal"
)

// moves lists where a print job may go from each state. Nothing leads back to queued once a byte may have left: what came out of
// the printer is then for a person to see, and a second slip is a reprint.
var moves = map[terminal.JobState][]terminal.JobState{
	terminal.JobQueued: {terminal.JobSending, terminal.JobFailed, terminal.JobAbandoned},
	terminal.JobSending: {terminal.JobSent, terminal.JobPrinted, terminal.JobUnconfirmed, terminal.JobFailed,
		terminal.JobAbandoned, terminal.JobQueued}, // queued: not one byte was written
	terminal.JobSent:        {terminal.JobSent, terminal.JobPrinted, terminal.JobUnconfirmed, terminal.JobFailed, terminal.JobAbandoned},
	terminal.JobUnconfirmed: {terminal.JobPrinted, terminal.JobAbandoned},
	terminal.JobFailed:      {terminal.JobAbandoned},
}

const jobColumns = "id, uid, epoch, receipt, duplicate, kind, profile, copies, hold, bytes, state, detail, made, released, changed, signature"

func scanJob(row interface{ Scan(into ...any) error }) (job terminal.SpoolJob, signature []byte, err error) {
	var uid []byte
	var receipt int64
	var kind, state string
	var made, released, changed sql.NullInt64
	err = row.Scan(&job.ID, &uid, &job.Receipt.Epoch, &receipt, &job.Duplicate, &kind, &job.Profile, &job.Copies, &job.Hold,
		&job.Bytes, &state, &job.Detail, &made, &released, &changed, &signature)
	if err != nil {
		return terminal.SpoolJob{}, nil, err
	}
	copy(job.UID[:], uid)
	job.Receipt.Number = uint64(receipt)
	job.Kind, job.State = terminal.SlipKind(kind), terminal.JobState(state)
	job.Made, job.Released, job.Changed = fromMicros(made), fromMicros(released), fromMicros(changed)
	return job, signature, nil
}

// NextJob returns the oldest job that is queued, not on hold, and was made or released by staff at or after since;
// terminal.ErrUnknown when there is none.
func (r *Reader) NextJob(ctx context.Context, since time.Time) (terminal.SpoolJob, error) {
	return r.oneJob(ctx, `WHERE state = 'queued' AND hold = 0 AND (made >= ?1 OR released >= ?1) ORDER BY id LIMIT 1`, since.UnixMicro())
}

// Job returns one job, or terminal.ErrUnknown.
func (r *Reader) Job(ctx context.Context, id int64) (terminal.SpoolJob, error) {
	return r.oneJob(ctx, "WHERE id = ?", id)
}

// Jobs returns the jobs in any of states, in the order in which they were made.
func (r *Reader) Jobs(ctx context.Context, states ...terminal.JobState) ([]terminal.SpoolJob, error) {
	if len(states) == 0 {
		return nil, nil
	}
	args := make([]any, len(states))
	for i, state := range states {
		args[i] = string(state)
	}
	// By +id, SQLite sorts the few that it found by their state; by id it would look at every job there ever was.
	return r.jobs(ctx, "WHERE state IN (+?"+strings.Repeat(", +?", len(states)-1)+") ORDER BY +id", args...)
}

// CountJobs says how many jobs are in any of states, without reading them.
func (r *Reader) CountJobs(ctx context.Context, states ...terminal.JobState) (int, error) {
	all := 0
	for _, state := range states {
		count := 0
		if err := r.q.row(ctx, "SELECT COUNT(*) FROM jobs WHERE state = +?", string(state)).Scan(&count); err != nil {
			return 0, err
		}
		all += count
	}
	return all, nil
}

// JobsOf returns the jobs for the slip of one entry, the original first.
func (r *Reader) JobsOf(ctx context.Context, uid terminal.UID) ([]terminal.SpoolJob, error) {
	return r.jobs(ctx, "WHERE uid = +? ORDER BY id", uid[:])
}

// MarkJob moves a job from one state to another and notes detail, durably. terminal.ErrUnknown says that the job is not in the
// state from any more; nothing is changed then. A move that no job may make is ErrDraft.
func (j *Journal) MarkJob(ctx context.Context, id int64, from, to terminal.JobState, detail string) error {
	if !slices.Contains(moves[from], to) {
		return fmt.Errorf("%w: no print job goes from %s to %s", ErrDraft, from, to)
	}
	return j.changeJob(ctx, "UPDATE jobs SET state = ?, detail = ?, changed = ? WHERE id = ? AND state = ?",
		string(to), detail, time.Now().UnixMicro(), id, string(from))
}

// ReleaseJob says that staff want a queued job printed now, though it was on hold or is old; terminal.ErrUnknown where it is
// queued no more.
func (j *Journal) ReleaseJob(ctx context.Context, id int64, at time.Time) error {
	return j.changeJob(ctx, "UPDATE jobs SET hold = 0, released = ? WHERE id = ? AND state = 'queued'", at.UnixMicro(), id)
}

func (j *Journal) changeJob(ctx context.Context, query string, args ...any) error {
	return j.note(ctx, func(q *queries) error {
		result, err := q.exec(context.WithoutCancel(ctx), query, args...)
		if err != nil {
			return err
		}
		if changed, err := result.RowsAffected(); err != nil || changed == 0 {
			return terminal.ErrUnknown
		}
		return nil
	})
}

// AddJob puts a slip into the spool that belongs to no entry, a test page.
func (j *Journal) AddJob(ctx context.Context, job terminal.PrintJob) (terminal.SpoolJob, error) {
	var id int64
	err := j.set(ctx, func(q *queries) (err error) {
		id, err = q.insertJob(context.WithoutCancel(ctx), j.key, terminal.SpoolJob{PrintJob: job, Made: time.Now()})
		return err
	})
	if err != nil {
		return terminal.SpoolJob{}, err
	}
	return j.Job(ctx, id)
}

// RecoverJobs turns, at start, every job left sending into unconfirmed with terminal.DetailRestart, and so every one left sent
// but for those with terminal.DetailNoWord, whose printer could never have said more. It returns how many.
func (j *Journal) RecoverJobs(ctx context.Context) (int64, error) {
	var recovered int64
	err := j.set(ctx, func(q *queries) error {
		result, err := q.exec(context.WithoutCancel(ctx), `UPDATE jobs SET state = 'unconfirmed', detail = ?1, changed = ?2
			WHERE state = 'sending' OR (state = 'sent' AND detail <> ?3)`,
			terminal.DetailRestart, time.Now().UnixMicro(), terminal.DetailNoWord)
		if err != nil {
			return err
		}
		recovered, err = result.RowsAffected()
		return err
	})
	return recovered, err
}
