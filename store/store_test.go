package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"posd/pos"
)

var key = bytes.Repeat([]byte{7}, keySize)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func register(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "register.db") }

func (s *Store) must(t *testing.T, entries ...pos.Entry) []pos.Entry {
	t.Helper()
	written, err := s.Append(t.Context(), entries...)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// history makes valid entries for a few sales at once, walking both tables at random.
func history(seed uint64, steps int) []pos.Entry {
	r := rand.New(rand.NewPCG(seed, 2))
	sales := map[string]*pos.Sale{}
	var ids []string
	at := time.Date(2026, 11, 20, 14, 0, 0, 123e6, time.UTC)
	entries := []pos.Entry{{Kind: pos.DayOpened, At: at, Day: "2026-11-20"}}
	for n := range steps {
		at = at.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
		e := pos.Entry{At: at, Day: "2026-11-20"}
		if len(ids) == 0 || r.IntN(6) == 0 {
			id := fmt.Sprintf("s_%04d", n)
			ids = append(ids, id)
			sales[id] = &pos.Sale{}
			e.Kind, e.Sale = pos.SaleOpened, id
			e.Body = pos.Body{Amount: int64(100 + r.IntN(9)), Tip: int64(r.IntN(2)), Currency: "USD", Ticket: fmt.Sprint("A-", n%7), Key: fmt.Sprint("k", n), KeyHash: "h"}
		} else {
			s := sales[ids[r.IntN(len(ids))]]
			e.Sale = s.ID
			e = step(r, s, e, n)
		}
		if e.Kind == "" || sales[e.Sale].Apply(e) != nil {
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

func step(r *rand.Rand, s *pos.Sale, e pos.Entry, n int) pos.Entry {
	a := s.Current()
	switch {
	case a != nil && a.State == pos.Approved && r.IntN(2) == 0:
		if len(s.Refunds) > 0 {
			f := s.Refunds[r.IntN(len(s.Refunds))]
			e.Kind, e.Reference = pos.KindOfRefund(pos.RefundEvent(1+r.IntN(int(pos.RuleUndone)))), f.Reference
			e.Body = pos.Body{Theirs: "F", Reason: "x"}
			if r.IntN(3) > 0 {
				return e
			}
		}
		e.Kind, e.Reference = pos.RefundAsked, fmt.Sprint("f", n)
		e.Body = pos.Body{Refund: fmt.Sprint("r_", n), Attempt: a.Reference, Amount: 1, Currency: "USD", Reason: "torn", By: "m"}
	case a == nil || a.State.Final() && a.State != pos.Approved && s.End == "":
		e.Kind, e.Reference = pos.AttemptHeld, fmt.Sprint("a", n)
		e.Body = pos.Body{Mode: pos.ByScan, Wallet: pos.WeChat, Amount: s.Charged().Minor, Currency: "USD", Tip: s.Tip, CodeHash: fmt.Sprint("code", n%50), Last4: "6789"}
	case r.IntN(12) == 0:
		e.Kind, e.Body = pos.SaleSettled, pos.Body{Tender: "cash", By: "m"}
	default:
		ev := pos.Event(1 + r.IntN(int(pos.RuleUnpaid)))
		e.Kind, e.Reference = pos.KindOf(ev), a.Reference
		e.Body = pos.Body{Theirs: "T" + a.Reference, Reason: "x", By: "m", Paid: &pos.Paid{At: e.At, Amount: s.Charged().Minor, Currency: "USD"}}
	}
	return e
}

// What the file projects is what its entries fold to: as written, rebuilt, and opened again.
func TestProjectionsAreTheFold(t *testing.T) {
	for seed := range uint64(8) {
		path := register(t)
		s := open(t, path)
		folded := map[string]*pos.Sale{}
		for _, e := range history(seed, 300) {
			for _, w := range s.must(t, e) {
				if w.Sale == "" {
					continue
				}
				if folded[w.Sale] == nil {
					folded[w.Sale] = &pos.Sale{}
				}
				if err := folded[w.Sale].Apply(w); err != nil {
					t.Fatal(err)
				}
			}
		}
		check := func(when string) {
			t.Helper()
			unfinishedNow, openNow := 0, 0
			for id, want := range folded {
				got, err := s.Sale(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(*want, got); d != "" {
					t.Fatalf("seed %d, %s: %s", seed, when, d)
				}
				for _, a := range want.Attempts {
					if of, err := s.SaleOf(t.Context(), a.Reference); err != nil || of.ID != id {
						t.Fatalf("%s: %s %v", a.Reference, of.ID, err)
					}
				}
				if want.Owing() {
					unfinishedNow++
				}
				if want.Open() {
					openNow++
				}
			}
			list, err := s.Unfinished(t.Context())
			if err != nil || len(list) != unfinishedNow {
				t.Errorf("%s: %d unfinished, want %d, %v", when, len(list), unfinishedNow, err)
			}
			if list, err := s.OpenSales(t.Context(), 200); err != nil || len(list) != min(openNow, 200) {
				t.Errorf("%s: %d open, want %d, %v", when, len(list), openNow, err)
			}
			seen, after := map[string]bool{}, ""
			for {
				page, next, err := s.Sales(t.Context(), pos.SaleFilter{Limit: 7, After: after})
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range page {
					if seen[x.ID] {
						t.Fatalf("%s stands on two pages", x.ID)
					}
					seen[x.ID] = true
				}
				if after = next; next == "" {
					break
				}
			}
			if len(seen) != len(folded) {
				t.Errorf("%s: %d sales on all pages, want %d", when, len(seen), len(folded))
			}
		}
		check("as written")
		if err := s.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("rebuilt")
		if err := errors.Join(s.Reopen(t.Context())); err != nil {
			t.Fatal(err)
		}
		check("reopened")
		head, err := s.Head(t.Context())
		if v, verr := Verify(t.Context(), path, key); err != nil || verr != nil || !v.Whole || v.Rows != head.Seq || v.Head != head.Chain {
			t.Errorf("verify: %+v %v; head %+v", v, verr, head)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func sold(id string) pos.Entry {
	return pos.Entry{Kind: pos.SaleOpened, Sale: id, At: time.Now(), Day: "2026-11-20", Body: pos.Body{Amount: 100, Currency: "USD", Key: "key-" + id, KeyHash: "h"}}
}

func started(sale, reference, hash string) pos.Entry {
	return pos.Entry{Kind: pos.AttemptHeld, Sale: sale, Reference: reference, At: time.Now(), Day: "2026-11-20",
		Body: pos.Body{Mode: pos.ByScan, Amount: 100, Currency: "USD", CodeHash: hash}}
}

func event(sale, reference string, e pos.Event) pos.Entry {
	return pos.Entry{Kind: pos.KindOf(e), Sale: sale, Reference: reference, At: time.Now(), Day: "2026-11-20"}
}

// A code counts as used, unless nothing of its attempt ever left.
func TestCodeUsed(t *testing.T) {
	s := open(t, register(t))
	s.must(t, sold("s1"), started("s1", "a1", "h1"), event("s1", "a1", pos.Lapse), started("s1", "a2", "h2"), event("s1", "a2", pos.Leave))
	for hash, want := range map[string]bool{"h1": false, "h2": true, "h3": false} {
		if got, err := s.CodeUsed(t.Context(), hash); err != nil || got != want {
			t.Errorf("%s: %v %v", hash, got, err)
		}
	}
	if n, err := s.Attempts(t.Context(), "2026-11-20"); err != nil || n != 2 {
		t.Errorf("%d references, %v", n, err)
	}
	if e, ok, err := s.Request(t.Context(), "key-s1"); err != nil || !ok || e.Seq != 1 || e.Sale != "s1" {
		t.Errorf("%+v %v %v", e, ok, err)
	}
	if x, err := s.AsOf(t.Context(), "s1", 1); err != nil || len(x.Attempts) != 0 {
		t.Errorf("%+v %v", x, err)
	}
}

// What cannot be is refused whole: nothing of the step remains, and the file serves on after it was reopened.
func TestRefusedStepLeavesNothing(t *testing.T) {
	for name, bad := range map[string]pos.Entry{
		"two unfinished attempts":  started("s1", "a2", "h"),
		"a reference again":        started("s2", "a1", "h"),
		"an idempotency key again": {Kind: pos.SaleOpened, Sale: "s9", Day: "2026-11-20", At: time.Now(), Body: pos.Body{Amount: 1, Currency: "USD", Key: "key-s1"}},
		"no way in the table":      event("s1", "a1", pos.TooLate),
	} {
		path := register(t)
		s := open(t, path)
		s.must(t, sold("s1"), sold("s2"), started("s1", "a1", "h"))
		if _, err := s.Append(t.Context(), sold("s3"), bad); !errors.Is(err, ErrDoubt) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Append(t.Context(), sold("s4")); !errors.Is(err, ErrDoubt) {
			t.Errorf("%s: the store goes on before it has read the file: %v", name, err)
		}
		if err := s.Reopen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sale(t.Context(), "s3"); pos.ProblemOf(err) != pos.NotFound {
			t.Errorf("%s: half of it remains: %v", name, err)
		}
		if w := s.must(t, sold("s4")); w[0].Seq != 4 {
			t.Errorf("%s: row %d after three", name, w[0].Seq)
		}
		if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != 4 {
			t.Errorf("%s: %+v %v", name, v, err)
		}
	}
}

// A disk that is full fails the commit; when there is room again the register goes on where it was.
func TestDiskFull(t *testing.T) {
	path := register(t)
	s := open(t, path)
	s.must(t, sold("s1"))
	var pages int
	if err := s.write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
	var failed error
	written := 1
	for n := 2; failed == nil && n < 5000; n++ {
		if _, failed = s.Append(t.Context(), sold(fmt.Sprint("s", n))); failed == nil {
			written = n
		}
	}
	if !errors.Is(failed, ErrDoubt) {
		t.Fatalf("%d sales, then %v", written, failed)
	}
	if err := s.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := s.must(t, sold("after")); w[0].Seq != int64(written+1) {
		t.Errorf("row %d after %d", w[0].Seq, written)
	}
	if v, err := Verify(t.Context(), path, key); err != nil || !v.Whole || v.Rows != int64(written+1) {
		t.Errorf("%+v %v", v, err)
	}
}

// Opened and closed inside a bubble of simulated time, the file works there.
func TestInABubble(t *testing.T) {
	path := register(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(context.Background(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(context.Background(), sold("s1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if x, err := s.Sale(context.Background(), "s1"); err != nil || x.Created.Year() != 2000 {
			t.Errorf("%+v %v", x, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A payment code is told again by its fingerprint, and stands nowhere in the folder.
func TestNoCodeAtRest(t *testing.T) {
	path := register(t)
	s := open(t, path)
	var codes []string
	for n := range 200 {
		code := fmt.Sprintf("13%016d", 7777777777777+n)
		codes = append(codes, code)
		id, ref := fmt.Sprint("s", n), fmt.Sprint("a", n)
		s.must(t, sold(id), started(id, ref, s.Fingerprint("code", []byte(code))), event(id, ref, pos.Leave))
	}
	if used, err := s.CodeUsed(t.Context(), s.Fingerprint("code", []byte(codes[0]))); err != nil || !used {
		t.Errorf("the code is not told again: %v", err)
	}
	if s.Fingerprint("code", []byte("1")) == s.Fingerprint("other", []byte("1")) {
		t.Error("one fingerprint for two purposes")
	}
	files, err := filepath.Glob(filepath.Dir(path) + "/*")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			if bytes.Contains(b, []byte(code)) {
				t.Fatalf("%s holds a payment code", filepath.Base(f))
			}
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(f), info.Mode())
		}
	}
	var mode string
	db, err := sql.Open("sqlite3", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{"UPDATE journal SET kind = 'x'", "DELETE FROM journal"} {
		if _, err := db.ExecContext(t.Context(), text); err == nil || !strings.Contains(err.Error(), "facts") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := db.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("%s %v", mode, err)
	}
}
