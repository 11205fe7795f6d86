package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"posd/pos"
)

// ErrRestored says that the file is a copy, or older than what this machine has seen: payments may have
// been made that it does not know. Only Adopt takes it into service.
var ErrRestored = errors.New("the register file was restored from a copy")

// mark is what a machine remembers of its register file, beside it. It is written when the file is opened,
// when a day closes and when the file is closed, so that an older file put in its place shows.
type mark struct {
	Seq   int64  `json:"seq"`
	Chain string `json:"chain"` // hex, at Seq
	Z     int    `json:"z"`     // the last number that was given
}

func (s *Store) markPath() string { return s.o.Path + ".mark" }

// readMark reads the mark; ok is false when there is none.
func (s *Store) readMark() (m mark, ok bool, err error) {
	b, err := os.ReadFile(s.markPath())
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return mark{}, false, fmt.Errorf("mark of the register file: %w", err)
	}
	return m, true, nil
}

// writeMark puts a new mark in the place of the old one, whole or not at all. The caller holds the lock.
func (s *Store) writeMark(z int) error {
	m, _, err := s.readMark()
	if err != nil {
		m = mark{} // damaged: this one mends it
	}
	m = mark{Seq: s.head.Seq, Chain: s.head.Chain, Z: max(m.Z, z)}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	fresh := s.markPath() + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("mark of the register file: %w", err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("mark of the register file: %w", err)
	}
	if err := os.Rename(fresh, s.markPath()); err != nil {
		return fmt.Errorf("mark of the register file: %w", err)
	}
	return synced(filepath.Dir(s.o.Path))
}

// original proves that the file is the one that this machine wrote last. before is the schema's version
// when it was opened: a file from before there were marks gets its first one.
func (s *Store) original(ctx context.Context, db *sql.DB, head pos.Head, before int64) error {
	var copied int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&copied); err != nil {
		return s.damaged(fmt.Errorf("pragma user_version: %w", err))
	}
	m, known, err := s.readMark()
	switch {
	case err != nil:
		return err
	case copied == copyMark:
		return fmt.Errorf("%w: %s is a backup", ErrRestored, s.o.Path)
	case !known && head.Seq > 0 && before >= firstMarked:
		return fmt.Errorf("%w: %s was not written on this machine", ErrRestored, s.o.Path)
	case m.Seq > head.Seq:
		return fmt.Errorf("%w: %s ends at row %d, and this machine has written row %d", ErrRestored, s.o.Path, head.Seq, m.Seq)
	case m.Seq == 0:
		return nil
	}
	var chain []byte
	if err := db.QueryRowContext(ctx, "SELECT chain FROM journal WHERE seq = ?", m.Seq).Scan(&chain); err != nil {
		return s.damaged(fmt.Errorf("row %d: %w", m.Seq, err))
	}
	if hex.EncodeToString(chain) != m.Chain {
		return fmt.Errorf("%w: row %[3]d of %[2]s is not the one that this machine wrote", ErrRestored, s.o.Path, m.Seq)
	}
	return nil
}

// firstMarked is the first version of the schema whose files have marks.
const firstMarked = 3

const selectGeneration = `
SELECT body
  FROM journal
 WHERE kind = 'generation.started'
 ORDER BY seq DESC
 LIMIT 1`

// Generation says how often the file was restored, and up to which number Z may have been given by the
// files before.
func (s *Store) Generation(ctx context.Context) (n, z int, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var b pos.Body
		if err := json.Unmarshal(body, &b); err != nil {
			return err
		}
		n, z = b.Generation, b.Z
		return nil
	}, selectGeneration)
	return n, z, err
}

// Adoption is a manager's consent to take a restored file into service.
type Adoption struct {
	By, Why string
	At      time.Time
	Day     func(open pos.Date, closed pos.Date) pos.Date // the business day it counts in
}

// Adopted is what the restored file was found to be.
type Adopted struct {
	Rows       int64     // that it had
	Last       time.Time // of its last entry
	Known      int64     // rows that this machine had written to its own file; 0 when it cannot tell
	Generation int       // that it begins
	Z          int       // the highest number that may have been given
	Lapsed     int       // refunds that had not left, and do not leave any more
}

// Adopt takes a restored file into service: in one commit it journals who consented and why, and lapses the
// refunds that were waiting, because a later file may have sent them. From then on its references and
// Z numbers are of a new generation.
func Adopt(ctx context.Context, o Options, a Adoption) (found Adopted, err error) {
	s := &Store{o: o, adopting: true}
	if s.lock, err = lockFile(o.Path + ".lock"); err != nil {
		return Adopted{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.open(ctx); err != nil {
		return Adopted{}, err
	}
	m, _, err := s.readMark()
	if err != nil {
		m = mark{}
	}
	n, z, err := s.Generation(ctx)
	if err != nil {
		return Adopted{}, err
	}
	days, err := s.Days(ctx, 2)
	if err != nil {
		return Adopted{}, err
	}
	var open, closed pos.Date
	for _, d := range days {
		z = max(z, d.Z)
		if d.Z == 0 {
			open = d.Day
		} else {
			closed = max(closed, d.Day)
		}
	}
	found = Adopted{Rows: s.head.Seq, Last: s.head.At, Known: m.Seq, Generation: n + 1, Z: max(z, m.Z)}
	day := a.Day(open, closed)
	entries := []pos.Entry{{Kind: pos.GenerationStarted, At: a.At, Day: day, Body: pos.Body{By: a.By, Why: a.Why, Generation: found.Generation, Z: found.Z}}}
	sales, err := s.Unfinished(ctx)
	if err != nil {
		return Adopted{}, err
	}
	for _, x := range sales {
		for _, r := range x.Refunds {
			if r.State != pos.RefundOwed {
				continue
			}
			found.Lapsed++
			b := pos.Body{To: pos.Withdrawn.String(), Reason: "restored", By: a.By, Amount: r.Amount.Minor, Currency: r.Amount.Currency}
			if at := x.Attempt(r.Attempt); at != nil {
				b.Wallet = at.Wallet
			}
			entries = append(entries, pos.Entry{Kind: pos.KindOfRefund(pos.RefundLapse), At: a.At, Day: day, Sale: x.ID, Reference: r.Reference, Body: b})
		}
	}
	if _, err := s.Append(ctx, entries...); err != nil {
		return Adopted{}, err
	}
	if _, err := s.write.ExecContext(ctx, "PRAGMA user_version = 0"); err != nil {
		return Adopted{}, fmt.Errorf("pragma user_version: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return found, s.writeMark(found.Z)
}
