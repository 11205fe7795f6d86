package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// alterations change one column of one row, named by ?1, to a value that the file still takes.
var alterations = map[string]string{
	"at_ms":     "UPDATE journal SET at_ms = at_ms - 1 WHERE seq = ?1",
	"day":       "UPDATE journal SET day = day || '0' WHERE seq = ?1",
	"sale":      "UPDATE journal SET sale = sale || 'x' WHERE seq = ?1",
	"reference": "UPDATE journal SET reference = substr(reference, 2) || 'y' WHERE seq = ?1",
	"kind":      "UPDATE journal SET kind = 'attempt.odd' WHERE seq = ?1",
	"body":      "UPDATE journal SET body = json_set(body, '$.amount', 9999) WHERE seq = ?1",
	"chain":     "UPDATE journal SET chain = CAST(x'01' || substr(chain, 2) AS BLOB) WHERE seq = ?1 AND substr(chain, 1, 1) <> x'01'",
	// What one column loses the next one gains: the bytes in a row are the same.
	"border": "UPDATE journal SET sale = sale || substr(kind, 1, 1), kind = substr(kind, 2) WHERE seq = ?1",
	// The whole content of a row, its link with it, under another number.
	"content": `UPDATE journal SET (at_ms, day, sale, reference, kind, body, chain) =
		(SELECT at_ms, day, sale, reference, kind, body, chain FROM journal WHERE seq = 21) WHERE seq = ?1`,
}

// weekFile is a closed register file with the history of several days and no triggers on its journal.
func weekFile(t *testing.T) (path string, rows int64) {
	t.Helper()
	path = register(t)
	s := open(t, path)
	rows = int64(len(s.must(t, week(1, 150)...)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shell := raw(t, path)
	for _, trigger := range []string{"journal_no_update", "journal_no_delete"} {
		if err := shell("DROP TRIGGER " + trigger); err != nil {
			t.Fatal(err)
		}
	}
	return path, rows
}

// A cashier's friend with a database shell lowers one sum, or moves a sale to another day: whichever
// column of whichever row it is, the audit names that row, and it is whole again once that is undone.
func TestEveryColumnOfARowShows(t *testing.T) {
	path, rows := weekFile(t)
	db, err := sql.Open("sqlite3", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	whole, err := Verify(t.Context(), path, key)
	if err != nil || !whole.Whole || whole.Rows != rows {
		t.Fatalf("before: %+v %v", whole, err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE spare AS SELECT * FROM journal"); err != nil {
		t.Fatal(err)
	}
	for _, column := range slices.Sorted(maps.Keys(alterations)) {
		for _, seq := range []int64{1, 2, 40, rows - 1, rows} {
			done, err := db.ExecContext(t.Context(), alterations[column], seq)
			if err != nil {
				t.Fatalf("%s of row %d: %v", column, seq, err)
			}
			if n, err := done.RowsAffected(); err != nil || n != 1 {
				t.Fatalf("%s of row %d: %d rows changed, %v", column, seq, n, err)
			}
			v, err := Verify(t.Context(), path, key)
			if err != nil || v.Whole || v.Broken != seq || v.Rows != seq-1 || v.Why == "" {
				t.Errorf("%s of row %d: %+v %v", column, seq, v, err)
			}
			if _, err := db.ExecContext(t.Context(), "DELETE FROM journal WHERE seq = ?1; INSERT INTO journal SELECT * FROM spare WHERE seq = ?1", seq, seq); err != nil {
				t.Fatal(err)
			}
		}
	}
	if v, err := Verify(t.Context(), path, key); err != nil || v != whole {
		t.Errorf("put back: %+v %v", v, err)
	}
}

// A sale that somebody slipped into the middle, and the rest moved up by one so that no number is
// missing, is named at the row where it stands.
func TestInsertedRowShows(t *testing.T) {
	path, _ := weekFile(t)
	shell := raw(t, path)
	for _, text := range []string{
		"UPDATE journal SET seq = -seq WHERE seq >= 30",
		"UPDATE journal SET seq = 1 - seq WHERE seq < 0",
		"INSERT INTO journal SELECT 30, at_ms, day, sale, reference, kind, body, chain FROM journal WHERE seq = 31",
	} {
		if err := shell(text); err != nil {
			t.Fatal(err)
		}
	}
	// What stands in row 30 is what always stood there; the first row that does not fit is the next.
	if v, err := Verify(t.Context(), path, key); err != nil || v.Whole || v.Broken != 31 {
		t.Errorf("%+v %v", v, err)
	}
	if err := shell("UPDATE journal SET body = json_set(body, '$.note', 'slipped in') WHERE seq = 30"); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || v.Whole || v.Broken != 30 {
		t.Errorf("%+v %v", v, err)
	}
}

// A register that was restored from a backup lived twice under one key: a row of its other life, rightly
// keyed and under the right number, must not pass for what happened in this one.
func TestRowOfAnotherLifeShows(t *testing.T) {
	path, other := register(t), register(t)
	for file, last := range map[string]string{path: "here", other: "there"} {
		s := open(t, file)
		first := sold("s1")
		first.At = time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)
		s.must(t, first)
		s.must(t, sold("only "+last), sold("s3 "+last), sold("s4 "+last))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	shell := raw(t, path)
	if err := shell(fmt.Sprintf(`DROP TRIGGER journal_no_delete; ATTACH '%s' AS other;
		DELETE FROM main.journal WHERE seq = 3; INSERT INTO main.journal SELECT * FROM other.journal WHERE seq = 3`, other)); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || v.Whole || v.Broken != 3 {
		t.Errorf("%+v %v", v, err)
	}
}

// A disk that lost a page gives a verdict or an error, and never a journal called whole with all its rows.
func TestDamagedPages(t *testing.T) {
	path, rows := weekFile(t)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	found := 0
	for page := 0; page < len(good); page += pageSize {
		bad := slices.Clone(good)
		copy(bad[page:], bytes.Repeat([]byte{0xA5}, pageSize))
		if err := os.WriteFile(damaged, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := Verify(t.Context(), damaged, key)
		switch {
		case err != nil || !v.Whole:
			found++
		case v.Rows != rows: // a page of an index or a projection holds no journal row
			t.Errorf("page %d: called whole with %d rows of %d", page/pageSize, v.Rows, rows)
		}
	}
	if found < 5 {
		t.Errorf("only %d lost pages were found", found)
	}
}

// An auditor's copy of a live register, database and log, verifies like the live one, and neither is
// changed by looking at it.
func TestVerifyLiveAndCopy(t *testing.T) {
	path := register(t)
	s := open(t, path)
	s.must(t, week(2, 100)...)
	live, err := Verify(t.Context(), path, key)
	head, herr := s.Head(t.Context())
	if err != nil || herr != nil || !live.Whole || live.Rows != head.Seq || live.Head != head.Chain {
		t.Fatalf("live: %+v %v, head %+v", live, err, head)
	}
	taken := filepath.Join(t.TempDir(), "copy.db")
	for _, side := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + side)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(taken+side, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, taken)
	if v, err := Verify(t.Context(), taken, key); err != nil || v != live {
		t.Errorf("copy: %+v %v", v, err)
	}
	after := contents(t, taken)
	for _, side := range []string{"", "-wal"} {
		if !bytes.Equal(before[side], after[side]) {
			t.Errorf("verifying changed the copy's file %q", side)
		}
	}
	s.must(t, sold("on"))
	if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != live.Rows+1 || v.Head == live.Head {
		t.Errorf("live and on: %+v %v", v, err)
	}
}

func contents(t *testing.T, path string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string][]byte{}
	for _, f := range files {
		if read[strings.TrimPrefix(f, path)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return read
}

// Readers on the same machine must not read a till's takings: a register restored with wide modes, its log
// beside it, is narrowed before it is served from, and so is a lock file that was there.
func TestWideFilesAreNarrowed(t *testing.T) {
	from := register(t)
	live := open(t, from)
	live.must(t, sold("s1"))
	path := register(t)
	for _, side := range []string{"", "-wal", "-shm", ".lock", ".mark"} {
		b, err := os.ReadFile(from + side)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(path+side, b, 0o600), os.Chmod(path+side, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	s.must(t, sold("s2"))
	for side := range contents(t, path) {
		if info, err := os.Stat(path + side); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%q has mode %04o, %v", side, info.Mode().Perm(), err)
		}
	}
	if head, err := s.Head(t.Context()); err != nil || head.Seq != 2 {
		t.Errorf("the row in the log was lost: %+v %v", head, err)
	}
	keyPath := filepath.Join(t.TempDir(), "register.key")
	if _, err := LoadKey(keyPath, ""); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(keyPath); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v, %v", info.Mode(), err)
	}
}

// A driver that fell back to its own settings loses the last sales in a power cut: every promise is read
// back, and any that does not hold is named and not served with.
func TestEveryPromiseIsReadBack(t *testing.T) {
	for pragma, values := range map[string][]string{"synchronous": {"OFF", "NORMAL", "EXTRA"}, "foreign_keys": {"OFF"}, "recursive_triggers": {"OFF"}, "journal_mode": {"DELETE"}} {
		for _, value := range values {
			s := open(t, register(t))
			if err := s.durable(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.read.Close(); err != nil { // the journal mode changes only for one who is alone
				t.Fatal(err)
			}
			if _, err := s.write.ExecContext(t.Context(), "PRAGMA "+pragma+" = "+value); err != nil {
				t.Fatal(err)
			}
			if err := s.durable(t.Context()); err == nil || !strings.Contains(err.Error(), pragma) {
				t.Errorf("%s = %s: %v", pragma, value, err)
			}
		}
	}
}

// A person looks at a sale while its payment moves on: once an entry is seen, the sale is never older.
func TestReadersNeverLag(t *testing.T) {
	s := open(t, register(t))
	const rounds = 150
	s.must(t, sold("s1"), started("s1", "a1", "h"), event("s1", "a1", pos.Leave))
	go func() {
		for n := range rounds {
			e := event("s1", "a1", pos.Pend)
			e.Body.Theirs = fmt.Sprintf("%06d", n)
			if _, err := s.Append(t.Context(), e); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	done := make(chan error, 3)
	for range cap(done) {
		go func() {
			for after := int64(3); after < rounds+3 && !t.Failed(); {
				entries, err := s.Entries(t.Context(), after, 20)
				if err != nil {
					done <- err
					return
				}
				for _, e := range entries {
					x, err := s.Sale(t.Context(), e.Sale)
					if err != nil || x.Attempts[0].Theirs < e.Body.Theirs {
						done <- fmt.Errorf("entry %d is seen, but its sale stands at %+v: %w", e.Seq, x, err)
						return
					}
					after = e.Seq
				}
			}
			done <- nil
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	path := filepath.Join(b.TempDir(), "register.db")
	s, err := Open(b.Context(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	const rows = 10_000
	entries := make([]pos.Entry, rows)
	for n := range entries {
		entries[n] = sold(fmt.Sprint("s", n))
	}
	if _, err := s.Append(b.Context(), entries...); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	for b.Loop() {
		if v, err := Verify(b.Context(), path, key); err != nil || v.Rows != rows {
			b.Fatal(v, err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/time.Since(start).Seconds(), "rows/s")
}
