package journal

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"

	"countersign/terminal"
)

// ChangedSlip says that a slip in the spool is not the one that the terminal made. The entry that it is for is sound: the slip can be
// drawn from it again.
type ChangedSlip struct {
	Job     int64
	Receipt terminal.ReceiptNumber // zero for a test page
}

// Error is one sentence.
func (c *ChangedSlip) Error() string {
	if c.Receipt.Number == 0 {
		return fmt.Sprintf("the kept slip %d was changed after it was made: it is not printed", c.Job)
	}
	return fmt.Sprintf("the kept slip of receipt %s was changed after it was made: it is not printed, and can be made again from its entry", c.Receipt)
}

// slipDomain begins what is signed of a slip, so that no signature of an entry fits it.
const slipDomain = "countersign slip 1\n"

// signedSlip is what the terminal signs of a slip: all that says what comes out of the printer, and for what. Its place in the queue and
// what became of it go on changing.
func signedSlip(job terminal.SpoolJob) []byte {
	sum := sha256.Sum256(job.Bytes)
	text := append([]byte(slipDomain), job.UID[:]...)
	for _, number := range []uint64{uint64(job.Receipt.Epoch), job.Receipt.Number, uint64(job.Duplicate), uint64(job.Copies)} {
		text = binary.BigEndian.AppendUint64(text, number)
	}
	text = append(text, sum[:]...)
	return fmt.Appendf(text, "%s\n%s", job.Kind, job.Profile)
}

func signSlip(key ed25519.PrivateKey, job terminal.SpoolJob) []byte {
	return ed25519.Sign(key, signedSlip(job))
}

// slipKey is the state that says up to which job the slips are older than their signatures.
const slipKey = "slips_unsigned"

// unsignedThrough is the last job that an earlier version made.
func (q *queries) unsignedThrough(ctx context.Context) (int64, error) {
	var text []byte
	err := q.row(ctx, "SELECT value FROM state WHERE key = ?", slipKey).Scan(&text)
	if errors.Is(err, terminal.ErrUnknown) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	through, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: it does not say which slips are signed", ErrDamaged)
	}
	return through, nil
}

// genuine reports that a slip is the one that the terminal made.
func genuine(public ed25519.PublicKey, job terminal.SpoolJob, signature []byte, unsigned int64) bool {
	if len(signature) == 0 {
		return job.ID <= unsigned
	}
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(public, signedSlip(job), signature)
}

// jobs reads jobs, and says of each whether somebody changed it since it was made.
func (r *Reader) jobs(ctx context.Context, query string, args ...any) ([]terminal.SpoolJob, error) {
	unsigned, err := r.q.unsignedThrough(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := r.q.query(ctx, "SELECT "+jobColumns+" FROM jobs "+query, args...)
	return collect(rows, err, func(rows *sql.Rows) (terminal.SpoolJob, error) {
		job, signature, err := scanJob(rows)
		job.Altered = err == nil && !genuine(r.identity.PublicKey, job, signature, unsigned)
		return job, err
	})
}

// oneJob reads the first of jobs; terminal.ErrUnknown where there is none.
func (r *Reader) oneJob(ctx context.Context, query string, args ...any) (terminal.SpoolJob, error) {
	jobs, err := r.jobs(ctx, query, args...)
	if err != nil || len(jobs) == 0 {
		return terminal.SpoolJob{}, orUnknown(err)
	}
	return jobs[0], nil
}

func orUnknown(err error) error {
	if err == nil {
		return terminal.ErrUnknown
	}
	return err
}

// verifySlips checks every slip against its signature. The error is the *ChangedSlip of the first that does not fit.
func (q *queries) verifySlips(ctx context.Context, public ed25519.PublicKey) error {
	unsigned, err := q.unsignedThrough(ctx)
	if err != nil {
		return err
	}
	rows, err := q.query(context.WithoutCancel(ctx), "SELECT "+jobColumns+" FROM jobs ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	type slip struct {
		job       terminal.SpoolJob
		signature []byte
	}
	work := make(chan slip, 64)
	var wait sync.WaitGroup
	var mu sync.Mutex
	var first *ChangedSlip
	for range runtime.NumCPU() {
		wait.Go(func() {
			for one := range work {
				if genuine(public, one.job, one.signature, unsigned) {
					continue
				}
				mu.Lock()
				if first == nil || one.job.ID < first.Job {
					first = &ChangedSlip{Job: one.job.ID, Receipt: one.job.Receipt}
				}
				mu.Unlock()
			}
		})
	}
	for err == nil && rows.Next() {
		var one slip
		if one.job, one.signature, err = scanJob(rows); err == nil {
			work <- one
			err = ctx.Err()
		}
	}
	close(work)
	wait.Wait()
	if err = errors.Join(explain(err), explain(rows.Err())); err == nil && first != nil {
		err = first
	}
	return err
}
