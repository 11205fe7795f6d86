package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
	"posd/pos/acquirer/sandbox"
	"posd/pos/report"
	"posd/store"
)

// How many seeds are played, and from which: scripts/check and scripts/soak ask for more.
var (
	seeds = flag.Uint64("seeds", 16, "how many seeds the simulation plays")
	first = flag.Uint64("first", 0, "the first seed")
)

// Days at the counter on everything real but the acquirer: requests and answers lost, late, overtaken, cut,
// repeated and garbled; the power gone before and after any statement that writes, and the file opened again as
// it lay; clocks that jump back and forth; shoppers, cashiers and managers at random; days that close in the
// middle. When the line has healed and a manager has ruled on what only a person can know, the two books agree
// for every attempt and refund, the chain is whole, the projections are what the journal adds up to, and the
// reports' totals are the acquirer's. A failure names its seed, which runs alone to the same trace:
// go test ./cmd/posd -run 'TestSimulation/seed=17$' -first 17 -seeds 1
func TestSimulation(t *testing.T) {
	met := tally{}
	t.Cleanup(func() { met.log(t) })
	for seed := *first; seed < *first+*seeds; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			w := simulate(t, seed, wrongRule{})
			met.add(w)
			for _, fault := range w.found {
				t.Error(fault)
			}
			if t.Failed() || *first > 0 && *seeds == 1 {
				w.trace()
			}
		})
	}
}

// simulate plays one seed to its end and compares the books; what does not agree is in found.
func simulate(t *testing.T, seed uint64, wrong wrongRule) *world {
	w := newWorld(t, seed, wrong)
	defer pluggedIn().machines.Delete(w.power.path)
	w.jump = w.jumps()
	days, now := 2+w.d.IntN(2), time.Date(2000, 2, 1, 9, 0, 0, 333, time.UTC)
	if w.jump != 0 {
		first := 1 + w.d.IntN(days-1)
		days -= first
		w.live(t, now, func() {
			for range first {
				w.day()
			}
			if w.d.IntN(2) == 0 {
				w.power.cut()
			}
			now = time.Now().Add(w.jump)
		})
	}
	w.live(t, now, func() {
		for range days {
			w.day()
		}
		w.line.heal()
		w.wait(80*time.Hour + max(0, -w.jump)) // longer than anything is left to the register alone
		w.rule(0)
		w.wait(time.Hour)
		w.rule(0)
		w.agree()
		w.log = w.tell()
	})
	return w
}

// jumps is how far the clock jumps, in every second seed, while the machine is off: an empty battery, or
// somebody who sets it right or wrong.
func (w *world) jumps() time.Duration {
	if w.d.IntN(2) == 0 {
		return 0
	}
	far := time.Duration(1+w.d.Int64N(int64(time.Hour))) << w.d.IntN(7)
	if w.d.IntN(3) == 0 {
		return far
	}
	return -far / 4
}

// rule is a manager with the acquirer's portal, looking at what has waited for one long enough.
func (w *world) rule(age time.Duration) {
	sales, err := w.file.Unfinished(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	books := w.books()
	now := time.Now()
	for _, s := range sales {
		for _, o := range s.Proposed() {
			if age > 0 && w.d.IntN(2) == 0 {
				_, _ = w.till.Refund(w.t.Context(), pos.NewRefund{Sale: s.ID, Minor: o.Left, Reason: "paid twice", By: "jdoe",
					Key: fmt.Sprint("orphan ", o.Attempt, len(s.Refunds)), KeyHash: "h"})
			}
		}
		for _, a := range s.Attempts {
			if !a.State.Final() && now.Sub(a.Started) >= age {
				_, _ = w.till.Rule(w.t.Context(), a.Reference, books.paid[a.Reference] > 0, "the portal says so", "jdoe")
			}
		}
		for _, r := range s.Refunds {
			if !r.State.Final() && now.Sub(r.Asked) >= age {
				_, _ = w.till.RuleRefund(w.t.Context(), r.ID, books.given[r.Reference] > 0, "the portal says so", "jdoe")
			}
		}
	}
}

// books is the acquirer's side, by our references, in minor units.
type books struct {
	paid, given map[string]int64
	times       map[string]int
}

// check looks at what must hold at every moment: what is final is owed no call.
func (w *world) check() {
	if w.power.went() {
		return
	}
	for reference := range w.till.Standing().Outlooks {
		s, err := w.file.SaleOf(w.t.Context(), reference)
		if err != nil {
			w.fault("%s is owed a call: %v", reference, err)
			continue
		}
		if a := s.Attempt(reference); a != nil && a.State.Final() {
			w.fault("%s is %s and owed a call", reference, a.State)
		}
		if r := s.Refund(reference); r != nil && r.State.Final() {
			w.fault("refund %s is %s and owed a call", reference, r.State)
		}
	}
}

func (w *world) books() books {
	b := books{map[string]int64{}, map[string]int64{}, map[string]int{}}
	for _, r := range w.box.Ledger() {
		switch {
		case r.State != sandbox.Paid:
		case r.Original != "":
			b.given[r.Reference] += r.Amount
			b.times[r.Reference]++
		default:
			b.paid[r.Reference] += r.Amount
			b.times[r.Reference]++
		}
	}
	return b
}

// agree compares everything with everything.
func (w *world) agree() {
	b := w.books()
	entries := w.entries()
	sales := w.refold(entries)
	for reference, n := range b.times {
		if n > 1 {
			w.fault("%s moved money %d times", reference, n)
		}
	}
	for what, times := range w.line.arrived {
		_, reference, _ := strings.Cut(what, " ")
		left, journaled := w.left[reference]
		if len(times) > 1 || !journaled || left.After(times[0]) {
			w.fault("%s left %d times, first at %s, and the journal says at %s", what, len(times), times[0], left)
		}
	}
	var proved, ruled int64
	known := map[string]bool{}
	for _, s := range sales {
		for _, a := range s.Attempts {
			known[a.Reference] = true
			took := b.paid[a.Reference]
			switch {
			case !a.State.Final():
				w.fault("%s is %s after days of a good line, and no manager could rule", a.Reference, a.State)
			case (took != 0) != (a.State == pos.Approved || a.State == pos.RuledPaid), took != 0 && took != a.Amount.Minor:
				w.fault("%s: the register says %s, the acquirer took %d of %d", a.Reference, a.State, took, a.Amount.Minor)
			case a.State == pos.Approved:
				proved += took
			default:
				ruled += took
			}
		}
		for _, r := range s.Refunds {
			known[r.Reference] = true
			gave := b.given[r.Reference]
			switch {
			case !r.State.Final():
				w.fault("refund %s is %s after days of a good line, and no manager could rule", r.Reference, r.State)
			case (gave != 0) != (r.State == pos.Refunded || r.State == pos.RuledRefunded), gave != 0 && gave != r.Amount.Minor:
				w.fault("refund %s: the register says %s, the acquirer gave %d of %d", r.Reference, r.State, gave, r.Amount.Minor)
			case r.State == pos.Refunded:
				proved -= gave
			default:
				ruled -= gave
			}
		}
		if s.GivenUp && s.End == "" && !s.Settled() {
			w.fault("%s was given up and is neither cancelled nor paid", s.ID)
		}
	}
	for reference := range b.times {
		if !known[reference] {
			w.fault("the acquirer moved money for %s, which the register does not know", reference)
		}
	}
	if net := w.net(entries); net != proved {
		w.fault("the reports net %d, the acquirer %d (and %d more was ruled)", net, proved, ruled)
	}
	w.whole(sales)
}

// refold folds the journal by itself and checks on the way what must hold at every step.
func (w *world) refold(entries []pos.Entry) map[string]*pos.Sale {
	sales := map[string]*pos.Sale{}
	left := map[string]bool{} // by reference: a leave with no "not left" behind it
	for _, e := range entries {
		if e.Sale == "" {
			continue
		}
		s := sales[e.Sale]
		if s == nil {
			s = &pos.Sale{}
			sales[e.Sale] = s
		}
		before, unwanted := clones(s), s.Unwanted(e)
		if err := s.Apply(e); err != nil {
			w.fault("%v", err)
			return sales
		}
		inFlight := 0
		for i, a := range s.Attempts {
			if !a.State.Final() {
				inFlight++
			}
			if i < len(before) && (a.State.Rank() < before[i].Rank() || (before[i] == pos.Approved && a.State != pos.Approved)) {
				w.fault("entry %d: %s fell from %s to %s", e.Seq, a.Reference, before[i], a.State)
			}
		}
		switch e.Kind {
		case pos.KindOf(pos.Approve), pos.KindOf(pos.TooLate), pos.KindOf(pos.RulePaid):
			if e.Body.Orphan != unwanted {
				w.fault("entry %d: it says that %q became an orphan, and it is %q", e.Seq, e.Body.Orphan, unwanted)
			}
		}
		if inFlight > 1 {
			w.fault("entry %d: %d attempts of one sale are unfinished", e.Seq, inFlight)
		}
		switch e.Kind {
		case pos.KindOf(pos.Leave):
			if left[e.Reference] {
				w.fault("entry %d: %s left twice", e.Seq, e.Reference)
			}
			left[e.Reference] = true
			w.left[e.Reference] = e.At
		case pos.KindOfRefund(pos.RefundLeave):
			w.left[e.Reference] = e.At
		case pos.KindOf(pos.NotLeft):
			left[e.Reference] = false
		}
	}
	return sales
}

func clones(s *pos.Sale) (states []pos.State) {
	for _, a := range s.Attempts {
		states = append(states, a.State)
	}
	return states
}

// net sums up the reports of all days.
func (w *world) net(entries []pos.Entry) (net int64) {
	byDay := map[pos.Date][]pos.Entry{}
	for _, e := range entries {
		byDay[e.Day] = append(byDay[e.Day], e)
	}
	zs := []int{}
	for day, list := range byDay {
		r, err := report.Fold(pos.Day{Day: day}, list)
		if err != nil {
			w.fault("%v", err)
			continue
		}
		for _, n := range r.Net {
			net += n.Minor
		}
		for _, e := range list {
			if e.Kind == pos.DayClosed {
				zs = append(zs, e.Body.Z)
			}
		}
	}
	slices.Sort(zs)
	for i, z := range zs {
		if z != i+1 {
			w.fault("the Z numbers are %v", zs)
			break
		}
	}
	return net
}

// whole proves the chain, and the projections against a rebuild and against our own fold.
func (w *world) whole(sales map[string]*pos.Sale) {
	ctx := w.t.Context()
	v, err := store.Verify(ctx, w.power.path, make([]byte, 32))
	if err != nil || !v.Whole {
		w.fault("the chain: %+v, %v", v, err)
	}
	same := func(when string) {
		for id, want := range sales {
			got, err := w.file.Sale(ctx, id)
			if err != nil {
				w.fault("%v", err)
				continue
			}
			a, errA := json.Marshal(want)
			b, errB := json.Marshal(got)
			if errA != nil || errB != nil || string(a) != string(b) {
				w.fault("%s the file says of %s\n%s\nand its journal\n%s", when, id, b, a)
			}
		}
	}
	same("as written")
	w.audit()
	if err := w.file.Rebuild(ctx); err != nil {
		w.fault("%v", err)
	}
	same("rebuilt")
	waiting, err := w.file.Unfinished(ctx)
	if err != nil {
		w.fault("%v", err)
	}
	for id, s := range sales {
		if found := slices.ContainsFunc(waiting, func(x pos.Sale) bool { return x.ID == id }); found != s.Owing() {
			w.fault("%s has money that nobody wants: %v, and waits for a manager: %v", id, s.Owing(), found)
		}
	}
}

// audit reads the whole file, as the daemon does behind every start: it cries about nothing that a register wrote.
func (w *world) audit() {
	if err := w.file.Audit(w.t.Context()); err != nil {
		w.fault("the audit: %v", err)
	}
}

// fault notes what does not agree.
func (w *world) fault(format string, args ...any) {
	w.found = append(w.found, fmt.Sprintf(format, args...))
}

func (w *world) entries() []pos.Entry {
	entries, err := w.file.Entries(w.t.Context(), 0, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}
