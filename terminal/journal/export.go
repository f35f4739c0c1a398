package journal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"countersign/terminal/entry"
)

// exportBatch bounds how long one read holds the write-ahead log.
const exportBatch = 500

// exportHead is the first line of an export.
type exportHead struct {
	Format    string `json:"format"`
	Merchant  string `json:"merchant"`
	Store     string `json:"store"`
	Terminal  string `json:"terminal"`
	PublicKey []byte `json:"public_key"`
}

// exportLine is one entry of an export.
type exportLine struct {
	Seq       uint64 `json:"seq"`
	Kind      string `json:"kind"`
	UID       string `json:"uid"`
	Receipt   string `json:"receipt,omitempty"`
	Wall      string `json:"at,omitempty"`
	Bytes     []byte `json:"bytes"`
	Hash      []byte `json:"hash"`
	Signature []byte `json:"signature"`
}

// Export writes the whole journal as JSON, one object a line: who the terminal is and its public key, then each entry with its exact
// bytes, hash and signature in base64, so that anybody can check the export without this program.
func (r *Reader) Export(ctx context.Context, w io.Writer) error {
	buffered := bufio.NewWriter(w)
	lines := json.NewEncoder(buffered)
	err := lines.Encode(exportHead{Format: "countersign journal 1", Merchant: r.identity.Merchant, Store: r.identity.Store,
		Terminal: r.identity.Terminal, PublicKey: r.identity.PublicKey})
	if err != nil {
		return err
	}
	for after := uint64(0); ; {
		records, err := r.exported(ctx, after)
		if err != nil {
			return err
		}
		for _, line := range records {
			if err := lines.Encode(line); err != nil {
				return err
			}
			after = line.Seq
		}
		if len(records) == 0 {
			return buffered.Flush()
		}
	}
}

func (r *Reader) exported(ctx context.Context, after uint64) (lines []exportLine, err error) {
	rows, err := r.q.query(ctx, "SELECT seq, bytes, hash, signature FROM entries WHERE seq > ? ORDER BY seq LIMIT ?", int64(after), exportBatch)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := r.q.sealedRow(rows)
		if err != nil {
			return nil, err
		}
		line := exportLine{Seq: row.seq, Bytes: row.Bytes, Hash: row.Hash[:], Signature: row.Signature}
		e, err := entry.Decode(row.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: entry %d: %w", ErrDamaged, row.seq, err)
		}
		line.Kind, line.UID, line.Receipt = e.Kind.String(), e.UID.String(), e.Receipt.String()
		if !e.Wall.IsZero() {
			line.Wall = e.Wall.Format("2006-01-02T15:04:05.999999Z07:00")
		}
		lines = append(lines, line)
	}
	return lines, explain(rows.Err())
}
