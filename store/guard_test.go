package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// copied is a register file of forty rows as somebody may carry it away, with the triggers taken off, as
// whoever wants to change it would.
func copied(t *testing.T) (string, *sql.DB) {
	t.Helper()
	path := register(t)
	s := open(t, path)
	for n := range 40 {
		s.must(t, sold(fmt.Sprint("s", n)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete"); err != nil {
		t.Fatal(err)
	}
	return path, db
}

// Whatever is changed in the journal shows, and the row is named.
func TestChangedJournalShows(t *testing.T) {
	for text, row := range map[string]int64{
		"UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 7":                   7,
		"UPDATE journal SET day = '2026-11-21' WHERE seq = 8":                  8,
		"UPDATE journal SET sale = 's0' WHERE seq = 9":                         9,
		"UPDATE journal SET reference = 'x' WHERE seq = 10":                    10,
		"UPDATE journal SET kind = 'sale.settled' WHERE seq = 11":              11,
		"UPDATE journal SET body = replace(body, '100', '101') WHERE seq = 12": 12,
		"UPDATE journal SET body = body || ' ' WHERE seq = 13":                 13,
		"UPDATE journal SET chain = zeroblob(32) WHERE seq = 14":               14,
		"DELETE FROM journal WHERE seq = 15":                                   15,
		"DELETE FROM journal WHERE seq = 1":                                    1,
		"UPDATE journal SET seq = 1000 WHERE seq = 16; UPDATE journal SET seq = 16 WHERE seq = 17; UPDATE journal SET seq = 17 WHERE seq = 1000": 16,
		"INSERT INTO journal SELECT 41, at_ms, day, sale, reference, kind, body, chain FROM journal WHERE seq = 40":                              41,
		"INSERT INTO journal SELECT 0, at_ms, day, sale, reference, kind, body, chain FROM journal WHERE seq = 40":                               1,
	} {
		path, db := copied(t)
		if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != 40 {
			t.Fatalf("before: %+v %v", v, err)
		}
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		v, err := Verify(t.Context(), path, key)
		if err != nil || v.Whole || v.Broken != row || v.Why == "" {
			t.Errorf("%s: %+v %v, want row %d", text, v, err, row)
		}
	}
}

// A tail that was cut leaves a whole journal with another head; another key fits no row.
func TestCutTailAndWrongKey(t *testing.T) {
	path, db := copied(t)
	before, err := Verify(t.Context(), path, key)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(t.Context(), path, bytes.Repeat([]byte{8}, keySize)); err != nil || v.Whole || v.Broken != 1 {
		t.Errorf("another key: %+v %v", v, err)
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM journal WHERE seq > 30"); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || v.Whole || v.Broken != 31 || !strings.Contains(v.Why, "mark") {
		t.Errorf("cut beside its mark: %+v %v", v, err)
	}
	if err := os.Remove(path + ".mark"); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != 30 || v.Head == before.Head {
		t.Errorf("cut: %+v %v", v, err)
	}
	if _, err := Verify(t.Context(), filepath.Join(t.TempDir(), "none"), key); err == nil {
		t.Error("a file that is not there is whole")
	}
}

// Verifying a copy leaves nothing beside it.
func TestVerifyLeavesNothing(t *testing.T) {
	path, db := copied(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), path, key); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "-*")
	if err != nil || len(files) != 0 {
		t.Errorf("left: %v %v", files, err)
	}
}

// Two daemons on one file would both think they own the counter: the second is told to wait.
func TestSecondProcess(t *testing.T) {
	path := register(t)
	s := open(t, path)
	o := Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)}
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

// A file from a newer version is not touched, byte for byte.
func TestNewerFile(t *testing.T) {
	path, db := copied(t)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
}

// A network disk loses locks and syncs: it is refused by name.
func TestNetworkDisk(t *testing.T) {
	for magic, want := range map[int64]bool{0x6969: true, 0xFF534D42: true, 0xEF53: false, 0x01021994: false} {
		err := local("/x/register.db", func(string) (int64, error) { return magic, nil })
		if got := errors.Is(err, ErrNetwork); got != want {
			t.Errorf("%x: %v", magic, err)
		}
	}
}

// A writer that does not sync is not served with.
func TestNotDurable(t *testing.T) {
	s := open(t, register(t))
	if _, err := s.write.ExecContext(t.Context(), "PRAGMA synchronous = NORMAL"); err != nil {
		t.Fatal(err)
	}
	if err := s.durable(t.Context()); err == nil || !strings.Contains(err.Error(), "synchronous") {
		t.Errorf("got %v", err)
	}
}

// The key is made once, for the register alone; one that others may read or that was cut is refused.
func TestKey(t *testing.T) {
	dir := t.TempDir()
	path, register := filepath.Join(dir, "register.key"), filepath.Join(dir, "register.db")
	first, err := LoadKey(path, register)
	if err != nil || len(first) != keySize {
		t.Fatal(first, err)
	}
	if again, err := LoadKey(path, register); err != nil || !bytes.Equal(first, again) {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path, register); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by others: %v", err)
	}
	elsewhere := filepath.Join(t.TempDir(), "register.db")
	if got, err := LoadKey(path, elsewhere); err != nil || !bytes.Equal(first, got) {
		t.Errorf("handed over by systemd, to the group: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path, elsewhere); err == nil {
		t.Error("handed over, and readable by everybody")
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path, register); err == nil || strings.Contains(err.Error(), string(first[:5])) {
		t.Errorf("a cut key: %v", err)
	}
}

// A reader that sees an entry sees its sale as well.
func TestReadersSeeWholeSteps(t *testing.T) {
	s := open(t, register(t))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 200 {
			if _, err := s.Append(t.Context(), sold(fmt.Sprint("s", n))); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for after := int64(0); after < 200; {
		entries, err := s.Entries(t.Context(), after, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if x, err := s.Sale(t.Context(), e.Sale); err != nil || x.ID != e.Sale {
				t.Fatalf("entry %d without its sale: %v", e.Seq, err)
			}
			after = e.Seq
		}
	}
	<-done
}

// Days have their frames: opened, closed with a number, listed newest first.
func TestDays(t *testing.T) {
	s := open(t, register(t))
	at := time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)
	for n, day := range []pos.Date{"2026-11-20", "2026-11-21"} {
		s.must(t, pos.Entry{Kind: pos.DayOpened, Day: day, At: at})
		if d, open, err := s.OpenDay(t.Context()); err != nil || !open || d.Day != day {
			t.Errorf("%+v %v %v", d, open, err)
		}
		s.must(t, pos.Entry{Kind: pos.DayClosed, Day: day, At: at.Add(time.Hour), Body: pos.Body{Z: n + 1, Rows: 5, Head: "ab", By: "m"}})
	}
	days, err := s.Days(t.Context(), 10)
	if err != nil || len(days) != 2 || days[0].Z != 2 || days[1].Day != "2026-11-20" || !days[1].Closed.Equal(at.Add(time.Hour)) {
		t.Errorf("%+v %v", days, err)
	}
	if _, open, err := s.OpenDay(t.Context()); err != nil || open {
		t.Errorf("a day is open: %v", err)
	}
	if _, err := s.Day(t.Context(), "2001-01-01"); pos.ProblemOf(err) != pos.NotFound {
		t.Errorf("%v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	s, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "register.db"), Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for n := 0; b.Loop(); n++ {
		if _, err := s.Append(b.Context(), sold(fmt.Sprint("s", n))); err != nil {
			b.Fatal(err)
		}
	}
}
