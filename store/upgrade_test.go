package store

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// lastVersion is a register file as an earlier version of posd left it, written by that version: two days, a payment in
// doubt, a refund that waits for the line, and an open sale.
func lastVersion(t *testing.T) string {
	t.Helper()
	path := register(t)
	for _, end := range []string{"", ".mark"} {
		b, err := os.ReadFile("testdata/register-3.db" + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func openLast(t *testing.T, path string) (*Store, error) {
	t.Helper()
	return Open(t.Context(), Options{Path: path, Key: make([]byte, keySize), Log: slog.New(slog.DiscardHandler)})
}

// A register is upgraded with an unfinished queue: the queue is there, nothing else has changed, and a proven copy of
// the file stands beside it. Put back, it is taken into service by a manager and no other way.
func TestUpgrade(t *testing.T) {
	path := lastVersion(t)
	s, err := openLast(t, path)
	if err != nil {
		t.Fatal(err)
	}
	queue, err := s.Unfinished(t.Context())
	if err != nil || len(queue) != 2 || queue[0].Refunds[0].State != pos.RefundOwed || queue[1].Attempts[0].State != pos.Doubtful {
		t.Fatalf("the queue: %+v %v", queue, err)
	}
	before, err := s.Entries(t.Context(), 0, 1000)
	if err != nil || len(before) != 25 {
		t.Fatalf("%d rows: %v", len(before), err)
	}
	s.must(t, sold("next"))
	if err := errors.Join(s.Audit(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	copies, err := BeforeUpgrades(path)
	if err != nil || len(copies) != 1 || !strings.HasSuffix(copies[0].Path, ".schema-3") {
		t.Fatalf("%+v %v", copies, err)
	}
	if v, err := Verify(t.Context(), copies[0].Path, make([]byte, keySize)); err != nil || !v.Whole || v.Rows != 25 {
		t.Errorf("the copy: %+v %v", v, err)
	}

	if err := errors.Join(os.Rename(copies[0].Path, path), gone(path+"-wal"), gone(path+"-shm")); err != nil {
		t.Fatal(err)
	}
	if _, err := openLast(t, path); !errors.Is(err, ErrRestored) {
		t.Errorf("put back, and served without a word: %v", err)
	}
	a, err := Adopt(t.Context(), Options{Path: path, Key: make([]byte, keySize), Log: slog.New(slog.DiscardHandler)}, Adoption{By: "M. Roy", Why: "back to the version before",
		At: time.Now(), Day: func(open, _ pos.Date) pos.Date { return open }})
	if err != nil || a.Rows != 25 || a.Lapsed != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	again, err := openLast(t, path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Audit(t.Context()); err != nil {
		t.Error(err)
	}
	for n, e := range before {
		if got, err := again.Entries(t.Context(), int64(n), 1); err != nil || got[0].Seq != e.Seq || got[0].Kind != e.Kind {
			t.Fatalf("row %d: %+v %v", n+1, got, err)
		}
	}
}

// Without a copy nothing is changed: a folder that takes none leaves the file as it was, to be opened by the version
// that wrote it.
func TestNoUpgradeWithoutACopy(t *testing.T) {
	path := lastVersion(t)
	before := contents(t, path)
	if err := os.MkdirAll(path+upgrading+"3.half/in the way", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openLast(t, path); err == nil || !strings.Contains(err.Error(), "copy before the upgrade") {
		t.Fatalf("got %v", err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != string(before[""]) {
		t.Errorf("the file was changed: %v", err)
	}
}

// Only the copy of the last upgrade stays.
func TestOlderCopiesGo(t *testing.T) {
	path := lastVersion(t)
	if err := os.WriteFile(path+kept+"2", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openLast(t, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if left, err := filepath.Glob(path + kept + "*"); err != nil || len(left) != 1 || left[0] != path+kept+"3" {
		t.Errorf("%v %v", left, err)
	}
}
