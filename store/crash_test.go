package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posd/pos"
)

// childFile names the register file that this test binary, started again, writes to until it is killed.
const childFile = "POSD_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		fmt.Println(sellForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// sellForEver prints each row once Append has said that it is on disk.
func sellForEver(path string) error {
	s, err := Open(context.Background(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		id, reference := fmt.Sprint("s", n), fmt.Sprint("a", n)
		written, err := s.Append(context.Background(), sold(id), started(id, reference, "h"), event(id, reference, pos.Leave))
		if err != nil {
			return err
		}
		fmt.Println(written[len(written)-1].Seq)
	}
}

// A till whose daemon was killed in the middle of a sale comes back with every row that was promised, no
// half step, and the next one; and while it lived, no second daemon got in.
func TestKilledProcess(t *testing.T) {
	path := register(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), childFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var promised int64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		seq, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the other process: %s", lines.Text())
		}
		promised = seq
		if seq == 30 {
			if _, err := Open(t.Context(), Options{Path: path, Key: key}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "stop the other posd") {
				t.Errorf("a second daemon: %v", err)
			}
		}
		if seq == 90 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || promised < 90 {
		t.Fatalf("it was not killed, after %d rows: %v", promised, err)
	}
	s := open(t, path)
	head, err := s.Head(t.Context())
	if err != nil || head.Seq < promised || head.Seq%3 != 0 {
		t.Fatalf("%d rows, promised %d, %v", head.Seq, promised, err)
	}
	c := recount(t, s)
	for id, want := range c.sales {
		got, err := s.Sale(t.Context(), id)
		same(t, id, *want, got, err)
	}
	if w := s.must(t, sold("next")); w[0].Seq != head.Seq+1 {
		t.Errorf("row %d after %d", w[0].Seq, head.Seq)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != head.Seq+1 {
		t.Errorf("%+v %v", v, err)
	}
}

// raw is another connection to a live file, as a person with a database shell has.
func raw(t *testing.T, path string) func(text string) error {
	t.Helper()
	db, err := sql.Open("sqlite3", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return func(text string) error {
		_, err := db.ExecContext(t.Context(), text)
		return err
	}
}

// A commit that itself failed may have happened: a till that wrote on would give a number twice. It stops
// until it has read the file again, and tells nobody of rows that are not there.
func TestFailedCommit(t *testing.T) {
	path := register(t)
	var told []int64
	s, err := Open(t.Context(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler), Committed: func(seq int64) { told = append(told, seq) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.must(t, sold("s1"), started("s1", "a1", "h"))
	before, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shell := raw(t, path)
	// The reference to a sale that is not there is looked at when the step commits, not before.
	if err := shell(`CREATE TRIGGER spoil AFTER INSERT ON request WHEN NEW.key = 'key-bad'
		BEGIN INSERT INTO attempt VALUES ('ghost', 'nobody', '2026-11-20', 'unsent', 0, 1, 'USD', '', ''); END`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), event("s1", "a1", pos.Leave), sold("bad")); !errors.Is(err, ErrDoubt) || !strings.HasPrefix(err.Error(), "commit") {
		t.Fatalf("got %v", err)
	}
	for range 3 {
		if _, err := s.Append(t.Context(), sold("s2")); !errors.Is(err, ErrDoubt) {
			t.Fatalf("written on: %v", err)
		}
	}
	if err := s.Rebuild(t.Context()); !errors.Is(err, ErrDoubt) {
		t.Errorf("rebuilt in doubt: %v", err)
	}
	if err := shell("DROP TRIGGER spoil"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), sold("s2")); !errors.Is(err, ErrDoubt) {
		t.Errorf("written on before it has read the file: %v", err)
	}
	if err := s.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := s.Head(t.Context())
	same(t, "head", before, after, err)
	if x, err := s.Sale(t.Context(), "s1"); err != nil || x.Attempts[0].State != pos.Held {
		t.Errorf("half a step remains: %+v %v", x, err)
	}
	s.must(t, event("s1", "a1", pos.Leave), sold("bad"))
	if d := cmp.Diff([]int64{2, 4}, told); d != "" {
		t.Error(d)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != 4 {
		t.Errorf("%+v %v", v, err)
	}
}

// A fault in our own memory must not charge a shopper twice: the file itself refuses a second unfinished
// attempt, a reference, an idempotency key, a refund, a day or a row that it has already. A row that is replaced is
// refused on our connection; from elsewhere it shows in the chain.
func TestFileRefusesByItself(t *testing.T) {
	path := register(t)
	s := open(t, path)
	s.must(t, pos.Entry{Kind: pos.DayOpened, Day: "2026-11-20"}, sold("s1"), started("s1", "a1", "h"), event("s1", "a1", pos.Leave), event("s1", "a1", pos.Approve),
		pos.Entry{Kind: pos.RefundAsked, Sale: "s1", Reference: "f1", Body: pos.Body{Refund: "r1", Attempt: "a1", Amount: 1, Currency: "USD"}}, sold("s2"), started("s2", "a2", "h"))
	shell := raw(t, path)
	for text, want := range map[string]string{
		"INSERT INTO attempt SELECT 'a9', sale, day, 'voiding', 0, 1, 'USD', '', '' FROM attempt WHERE reference = 'a2'": "UNIQUE constraint failed: attempt.sale",
		"INSERT INTO attempt SELECT 'a9', 'nobody', day, 'unsent', 0, 1, 'USD', '', '' FROM attempt WHERE sale = 's2'":   "FOREIGN KEY",
		"INSERT INTO attempt SELECT * FROM attempt WHERE reference = 'a1'":                                               "attempt.reference",
		"UPDATE attempt SET state = 'paid' WHERE reference = 'a1'":                                                       "CHECK",
		"INSERT INTO refund SELECT 'f9', id, sale, day, state, 0, 1, 'USD', '', seq FROM refund":                         "refund.id",
		"INSERT INTO refund SELECT reference, 'r9', sale, day, state, 0, 1, 'USD', '', seq FROM refund":                  "refund.reference",
		"INSERT INTO request VALUES ('key-s1', 99)":                                                                      "request.key",
		"INSERT INTO day VALUES (99, '2026-11-21', 0, 0, 0, '', '', 0, '')":                                              "day.z",
		"INSERT INTO journal SELECT * FROM journal WHERE seq = 2":                                                        "journal.seq",
		"INSERT INTO journal SELECT 9, at_ms, day, sale, reference, kind, 'no json', chain FROM journal WHERE seq = 2":   "CHECK",
		"INSERT INTO journal SELECT 9, at_ms, day, sale, reference, kind, body, x'00' FROM journal WHERE seq = 2":        "CHECK",
		"UPDATE journal SET chain = chain WHERE seq = 2":                                                                 "facts",
		"DELETE FROM journal WHERE seq = 2":                                                                              "facts",
	} {
		if err := shell(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := s.write.ExecContext(t.Context(), "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 2"); err == nil || !strings.Contains(err.Error(), "facts") {
		t.Errorf("a row was replaced: %v", err)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != 8 {
		t.Errorf("%+v %v", v, err)
	}
}

// A Z for a day that nobody opened would stand in the journal and on no list of days.
func TestCloseWithoutOpenDay(t *testing.T) {
	s := open(t, register(t))
	if _, err := s.Append(t.Context(), pos.Entry{Kind: pos.DayClosed, Day: "2026-11-20", Body: pos.Body{Z: 1}}); err == nil {
		t.Error("a day was closed that was not open")
	}
}
