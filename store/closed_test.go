package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"posd/pos"
)

// A request that comes in while the daemon stops must not bring it down, nor open the file again behind
// the back of the daemon that took over.
func TestClosedStore(t *testing.T) {
	path := register(t)
	s := open(t, path)
	s.must(t, sold("s1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, path)
	if _, err := s.Append(t.Context(), sold("s2")); err == nil {
		t.Error("appended to a closed file")
	}
	if _, err := s.Sale(t.Context(), "s1"); pos.ProblemOf(err) != pos.StorageFailed {
		t.Errorf("read: %v", err)
	}
	if err := s.Rebuild(t.Context()); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("rebuilt: %v", err)
	}
	if err := s.Reopen(t.Context()); err == nil {
		t.Error("reopened without the lock, beside another")
	}
	if w := next.must(t, sold("s2")); w[0].Seq != 2 {
		t.Errorf("row %d", w[0].Seq)
	}
}

// A disk that is away when the file is to be reopened leaves a till that refuses sales, and takes them
// again as soon as the disk is back.
func TestReopenFails(t *testing.T) {
	path := register(t)
	s := open(t, path)
	s.must(t, sold("s1"))
	if _, err := s.Append(t.Context(), sold("s1")); !errors.Is(err, ErrDoubt) {
		t.Fatal(err)
	}
	if err := s.close(); err != nil { // so that nothing of it stands in the log that is moved away
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Reopen(t.Context()); err == nil {
			t.Fatal("a folder was opened as a register")
		}
		if _, err := s.Append(t.Context(), sold("s2")); !errors.Is(err, ErrDoubt) {
			t.Errorf("got %v", err)
		}
		if _, err := s.Unfinished(t.Context()); pos.ProblemOf(err) != pos.StorageFailed {
			t.Errorf("got %v", err)
		}
	}
	if err := errors.Join(os.Remove(path), os.Rename(path+".away", path)); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := s.must(t, sold("s2")); w[0].Seq != 2 {
		t.Errorf("row %d", w[0].Seq)
	}
}

// A backup that a newer posd wrote, put back under an older one, must still open under the newer one: not
// one byte of it changes, whatever its journal mode, and nothing is left beside it.
func TestNewerBackup(t *testing.T) {
	path, _ := weekFile(t)
	shell := raw(t, path)
	backup := path + ".backup"
	for _, text := range []string{"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)", fmt.Sprintf("VACUUM INTO '%s'", backup)} {
		if err := shell(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(backup, 0o600); err != nil {
		t.Fatal(err)
	}
	before := contents(t, backup)
	if _, err := Open(t.Context(), Options{Path: backup, Key: key, Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, ErrNewerSchema) {
		t.Fatalf("got %v", err)
	}
	after := contents(t, backup)
	delete(after, ".lock")
	if len(after) != 1 || !bytes.Equal(before[""], after[""]) {
		t.Errorf("%d files after it was refused; same bytes: %v", len(after), bytes.Equal(before[""], after[""]))
	}
}

// An acquirer answers by reference: if an attempt and a refund of two sales shared one, the answer to the
// one would be booked on the other.
func TestReferenceForOneThing(t *testing.T) {
	s := open(t, register(t))
	s.must(t, sold("s1"), started("s1", "a1", "h"), event("s1", "a1", pos.Leave), event("s1", "a1", pos.Approve), sold("s2"), started("s2", "a2", "h2"))
	refund := pos.Entry{Kind: pos.RefundAsked, Sale: "s1", Reference: "a2", Body: pos.Body{Refund: "r1", Attempt: "a1", Amount: 1, Currency: "USD"}}
	if _, err := s.Append(t.Context(), refund); !errors.Is(err, ErrDoubt) {
		t.Errorf("a refund with an attempt's reference: %v", err)
	}
	if err := s.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	refund.Reference = "f1"
	s.must(t, refund, sold("s3"))
	if _, err := s.Append(t.Context(), started("s3", "f1", "h3")); !errors.Is(err, ErrDoubt) {
		t.Errorf("an attempt with a refund's reference: %v", err)
	}
}
