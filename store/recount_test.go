package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posd/pos"
)

// week is a valid history of several days: sales live on over a close, a date may be opened twice, and
// the clock that stamps the entries is neither UTC nor whole in its milliseconds.
func week(seed uint64, steps int) []pos.Entry {
	r := rand.New(rand.NewPCG(seed, 5))
	zone := time.FixedZone("till", 8*3600)
	at := time.Date(2026, 11, 20, 22, 0, 0, 123456789, zone)
	date := func(n int) pos.Date { return pos.Date(fmt.Sprintf("2026-11-%02d", 20+n/2)) } // each date twice
	days := 0
	entries := []pos.Entry{{Kind: pos.DayOpened, At: at, Day: date(days)}}
	sales, ids := map[string]*pos.Sale{}, []string{}
	for n := range steps {
		at = at.Add(time.Duration(r.IntN(3000))*time.Millisecond + 777*time.Microsecond)
		if n%50 == 49 {
			entries = append(entries, pos.Entry{Kind: pos.DayClosed, At: at, Day: date(days), Body: pos.Body{
				Z: days + 1, Rows: int64(len(entries)), Head: fmt.Sprint("h", n), By: "m", Note: "\x00<&> 收银\u2028", Key: fmt.Sprint("z", n)}})
			days++
			entries = append(entries, pos.Entry{Kind: pos.DayOpened, At: at, Day: date(days)})
			continue
		}
		e := pos.Entry{At: at, Day: date(days)}
		if len(ids) == 0 || r.IntN(7) == 0 {
			e.Kind, e.Sale = pos.SaleOpened, fmt.Sprintf("s_%d_%d", r.IntN(1000), n) // ids do not sort by age
			e.Body = pos.Body{Amount: int64(100 + r.IntN(3)), Currency: "USD", Ticket: fmt.Sprint("T", n%5), Key: fmt.Sprint("k", n), Note: "\"'\\ ü"}
			sales[e.Sale], ids = &pos.Sale{}, append(ids, e.Sale)
		} else {
			s := sales[ids[r.IntN(len(ids))]]
			e.Sale = s.ID
			switch a := s.Current(); {
			case a != nil && r.IntN(15) == 0:
				e.Kind, e.Reference, e.Body = pos.AttemptOdd, a.Reference, pos.Body{Event: "pend"}
			case a != nil && r.IntN(20) == 0:
				e.Kind = pos.SaleGivenUp
			case r.IntN(20) == 0 && s.Open() && !s.InFlight():
				e.Kind = pos.SaleCancelled
			default:
				e = step(r, s, e, n)
			}
		}
		if e.Kind != "" && sales[e.Sale].Apply(e) == nil {
			entries = append(entries, e)
		}
	}
	return entries
}

// count is what a patient person would make of the journal with paper and pencil.
type count struct {
	entries []pos.Entry
	sales   map[string]*pos.Sale
	newest  []string // sales, newest first
	days    []pos.Day
	keys    map[string]int64
	codes   map[string][]string // references by code hash
	made    map[pos.Date]int
	first   map[string]string // sale by reference
}

// recount reads every entry in small pages and adds up by hand.
func recount(t *testing.T, s *Store) *count {
	t.Helper()
	c := &count{sales: map[string]*pos.Sale{}, keys: map[string]int64{}, codes: map[string][]string{}, made: map[pos.Date]int{}, first: map[string]string{}}
	for {
		page, err := s.Entries(t.Context(), int64(len(c.entries)), 37)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		c.entries = append(c.entries, page...)
	}
	for n, e := range c.entries {
		if e.Seq != int64(n+1) || e.At.Location() != time.UTC || !e.At.Equal(e.At.Truncate(time.Millisecond)) {
			t.Fatalf("entry %d stands at row %d, at %v", e.Seq, n+1, e.At)
		}
		if e.Body.Key != "" {
			c.keys[e.Body.Key] = e.Seq
		}
		switch e.Kind {
		case pos.DayOpened:
			c.days = append(c.days, pos.Day{Day: e.Day, Opened: e.At})
			continue
		case pos.DayClosed:
			d := &c.days[len(c.days)-1]
			d.Closed, d.Z, d.By, d.Note, d.Rows, d.Head = e.At, e.Body.Z, e.Body.By, e.Body.Note, e.Body.Rows, e.Body.Head
			continue
		case pos.SaleOpened:
			c.sales[e.Sale], c.newest = &pos.Sale{}, append(c.newest, e.Sale)
		case pos.AttemptHeld:
			c.codes[e.Body.CodeHash] = append(c.codes[e.Body.CodeHash], e.Reference)
		}
		if e.Kind == pos.AttemptHeld || e.Kind == pos.RefundAsked {
			c.made[e.Day]++
			c.first[e.Reference] = e.Sale
		}
		if err := c.sales[e.Sale].Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(c.newest)
	slices.Reverse(c.days)
	return c
}

func (c *count) pick(keep func(*pos.Sale) bool) []pos.Sale {
	var picked []pos.Sale
	for _, id := range c.newest {
		if keep(c.sales[id]) {
			picked = append(picked, *c.sales[id])
		}
	}
	return picked
}

func same(t *testing.T, what string, want, got any, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s: %s", what, d)
	}
}

// A list on the screen that leaves out a sale, or a Z that counts one twice, is found by counting the
// journal by hand: as written, rebuilt, opened again by another process, and reopened.
func TestAnswersAgreeWithTheJournal(t *testing.T) {
	for seed := range uint64(4) {
		path := register(t)
		s := open(t, path)
		told := week(seed, 400)
		for n := 0; n < len(told); {
			many := min(1+n%3, len(told)-n) // steps of one, two and three entries
			written := s.must(t, told[n:n+many]...)
			for i, w := range written {
				if want := told[n+i].At; w.Seq != int64(n+i+1) || w.At.Location() != time.UTC || !w.At.Equal(want.Truncate(time.Millisecond)) {
					t.Fatalf("written %d at %v, want %d at %v", w.Seq, w.At, n+i+1, want)
				}
			}
			n += many
		}
		c := recount(t, s)
		if len(c.entries) != len(told) {
			t.Fatalf("%d entries of %d", len(c.entries), len(told))
		}
		agree(t, s, c, seed)
		if err := s.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, s, c, seed)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
		agree(t, s, recount(t, s), seed)
		if err := s.Reopen(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, s, c, seed)
	}
}

func agree(t *testing.T, s *Store, c *count, seed uint64) {
	t.Helper()
	ctx := t.Context()
	for id, want := range c.sales {
		got, err := s.Sale(ctx, id)
		same(t, "sale "+id, *want, got, err)
	}
	for reference, id := range c.first {
		got, err := s.SaleOf(ctx, reference)
		same(t, "sale of "+reference, *c.sales[id], got, err)
	}
	oldest := c.pick((*pos.Sale).Owing)
	slices.Reverse(oldest)
	got, err := s.Unfinished(ctx)
	same(t, "unfinished", oldest, got, err)
	pressing := c.pick((*pos.Sale).Pressing)
	slices.Reverse(pressing)
	got, err = s.Pressing(ctx)
	same(t, "pressing", pressing, got, err)
	c.waitingAgrees(t, s)
	if err := s.Audit(ctx); err != nil {
		t.Error(err)
	}
	openSales := c.pick(func(x *pos.Sale) bool { return x.Open() })
	for asked, limit := range map[int]int{3: 3, 0: 50, 1000: maxPage} {
		got, err = s.OpenSales(ctx, asked)
		same(t, fmt.Sprint("open ", asked), openSales[:min(limit, len(openSales))], got, err)
	}
	for key, seq := range c.keys {
		got, ok, err := s.Request(ctx, key)
		same(t, "request "+key, c.entries[seq-1], got, err)
		same(t, "request "+key, true, ok, nil)
	}
	if _, ok, err := s.Request(ctx, "never"); ok || err != nil {
		t.Errorf("a key that never was: %v %v", ok, err)
	}
	for hash, references := range c.codes {
		used := slices.ContainsFunc(references, func(r string) bool {
			return c.sales[c.first[r]].Attempt(r).State != pos.Unsent
		})
		got, err := s.CodeUsed(ctx, hash)
		same(t, "code "+hash, used, got, err)
	}
	c.daysAgree(t, s)
	c.paidAgrees(t, s)
	c.pagesAgree(t, s, seed)
	r := rand.New(rand.NewPCG(seed, 9))
	for range 60 {
		e := c.entries[r.IntN(len(c.entries))]
		if e.Sale == "" {
			continue
		}
		var want pos.Sale
		for _, before := range c.entries[:e.Seq] {
			if before.Sale == e.Sale {
				if err := want.Apply(before); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := s.AsOf(ctx, e.Sale, e.Seq)
		same(t, fmt.Sprint("as of ", e.Seq), want, got, err)
	}
	if _, err := s.AsOf(ctx, "never", 5); pos.ProblemOf(err) != pos.NotFound {
		t.Errorf("as of: %v", err)
	}
}

func (c *count) daysAgree(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	days, err := s.Days(ctx, maxPage)
	same(t, "days", c.days, days, err)
	few, err := s.Days(ctx, 2)
	same(t, "two days", c.days[:2], few, err)
	now, ok, err := s.OpenDay(ctx)
	same(t, "open day", c.days[0], now, err)
	same(t, "open day", true, ok, nil)
	seen := map[pos.Date]bool{}
	for _, want := range c.days {
		if seen[want.Day] {
			continue // opened twice: the last one is told
		}
		seen[want.Day] = true
		got, err := s.Day(ctx, want.Day)
		same(t, "day", want, got, err)
		made, err := s.Attempts(ctx, want.Day)
		same(t, "references of "+string(want.Day), c.made[want.Day], made, err)
		var of []pos.Entry
		for _, e := range c.entries {
			if e.Day == want.Day {
				of = append(of, e)
			}
		}
		entries, err := s.DayEntries(ctx, want.Day)
		same(t, "entries of "+string(want.Day), of, entries, err)
	}
}

// paidAgrees asks for each sum just before, at and just after each approval.
func (c *count) paidAgrees(t *testing.T, s *Store) {
	t.Helper()
	approved := map[int64]time.Time{} // the latest approval of a sum
	var asked []time.Time
	for _, x := range c.sales {
		for _, a := range x.Attempts {
			if a.State != pos.Approved {
				continue
			}
			if a.Since.After(approved[a.Amount.Minor]) {
				approved[a.Amount.Minor] = a.Since
			}
			asked = append(asked, a.Since.Add(-time.Millisecond), a.Since, a.Since.Add(time.Millisecond))
		}
	}
	if len(approved) == 0 {
		t.Fatal("a history without a payment tells nothing")
	}
	for minor := int64(99); minor < 104; minor++ {
		for _, since := range asked {
			got, err := s.PaidSince(t.Context(), pos.Amount{Minor: minor, Currency: "USD"}, since)
			same(t, fmt.Sprint("paid ", minor, " since ", since), !approved[minor].Before(since), got, err)
		}
		if other, err := s.PaidSince(t.Context(), pos.Amount{Minor: minor, Currency: "EUR"}, time.Unix(0, 0)); err != nil || other {
			t.Errorf("another currency counts: %v", err)
		}
	}
}

// pagesAgree walks random filters page by page.
func (c *count) pagesAgree(t *testing.T, s *Store, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 6))
	references := make([]string, 0, len(c.first))
	for reference := range c.first {
		references = append(references, reference)
	}
	slices.Sort(references)
	for range 40 {
		x := c.sales[c.newest[r.IntN(len(c.newest))]]
		f := pos.SaleFilter{Limit: 1 + r.IntN(9)}
		if r.IntN(2) == 0 {
			f.Day = x.Day
		}
		if r.IntN(2) == 0 {
			f.Status = x.Status()
		}
		if r.IntN(3) == 0 {
			f.Ticket = x.Ticket
		}
		if r.IntN(8) == 0 {
			f.Reference = references[r.IntN(len(references))]
		}
		want := c.pick(func(x *pos.Sale) bool {
			return (f.Day == "" || x.Day == f.Day) && (f.Status == "" || x.Status() == f.Status) && (f.Ticket == "" || x.Ticket == f.Ticket) &&
				(f.Reference == "" || x.Attempt(f.Reference) != nil || x.Refund(f.Reference) != nil)
		})
		var got []pos.Sale
		for page := f; ; {
			sales, next, err := s.Sales(t.Context(), page)
			if err != nil || len(sales) > f.Limit {
				t.Fatalf("%+v: a page of %d, %v", page, len(sales), err)
			}
			got = append(got, sales...)
			if page.After = next; next == "" {
				break
			}
		}
		same(t, fmt.Sprintf("%+v", f), want, got, nil)
	}
}
