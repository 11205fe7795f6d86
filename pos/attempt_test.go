package pos

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A table with a hole leaves a payment for a person to guess. Every unfinished state can end, rank
// never falls, nothing leaves Approved, and every state survives a restart and a cashier who gives up.
func TestAttemptTableIsSound(t *testing.T) {
	if len(next) != len(stateNames) {
		t.Fatalf("%d rows for %d names", len(next), len(stateNames))
	}
	for s := Held; s <= Approved; s++ {
		if next[s] == nil {
			t.Errorf("%v has no row", s)
		}
		if !s.Final() && !ends(s, map[State]bool{}) {
			t.Errorf("%v can never end", s)
		}
		for e, to := range next[s] {
			if to.Rank() < s.Rank() {
				t.Errorf("%v on %v falls to %v", s, e, to)
			}
			if !s.Final() && (e == Absent || e == Unfound) && to != s {
				t.Errorf("%v moves on %v: silence of the books is never an answer", s, e)
			}
			if e == Decline && to != Declined {
				t.Errorf("%v on decline goes to %v", s, to)
			}
			if e == Silence && (to == Declined || to == Unsent || to == Voided) {
				t.Errorf("%v: doubt became %v", s, to)
			}
		}
		if s.Final() {
			continue
		}
		for _, m := range []Mode{ByScan, Present} {
			if _, ok := s.Next(s.Restart(m)); !ok {
				t.Errorf("%v does not survive a restart in mode %s", s, m)
			}
		}
		if _, ok := s.Next(GiveUp); !ok {
			t.Errorf("%v cannot be given up", s)
		}
	}
	if len(next[Approved]) != 0 {
		t.Error("approved is left")
	}
}

func ends(s State, seen map[State]bool) bool {
	seen[s] = true
	for _, to := range next[s] {
		if to.Final() || (!seen[to] && ends(to, seen)) {
			return true
		}
	}
	return false
}

// Each row as the specification has it, so that a slip in the table is a slip in two places.
func TestAttemptTableRowByRow(t *testing.T) {
	const table = `
held: leave sent, lapse unsent, give_up unsent
sent: approve approved, decline declined, pend awaiting, close voided, silence doubtful, absent sent, not_left held, unshown unsent, give_up cancelling
awaiting: approve approved, decline declined, pend awaiting, close voided, silence doubtful, absent awaiting, give_up cancelling
doubtful: approve approved, decline declined, pend awaiting, close voided, silence doubtful, absent doubtful, unfound doubtful, not_left unsent, unshown unsent, give_up cancelling, rule_paid ruled_paid, rule_unpaid ruled_unpaid
cancelling: approve approved, decline declined, close voided, pend cancelling, silence cancelling, absent cancelling, unfound cancelling, give_up cancelling, not_left unsent, unshown unsent, cancel_leave voiding, rule_paid ruled_paid, rule_unpaid ruled_unpaid
voiding: close voided, too_late approved, decline declined, vanished voided, approve voiding, pend voiding, silence voiding, absent voiding, unfound voiding, give_up voiding, cancel_leave voiding, rule_paid ruled_paid, rule_unpaid ruled_unpaid
unsent: approve approved
declined: approve approved
voided: approve approved
ruled_unpaid: approve approved, decline declined, close voided, rule_paid ruled_paid
ruled_paid: approve approved, decline declined, close voided, rule_unpaid ruled_unpaid
approved:`
	rows := 0
	for line := range strings.Lines(strings.TrimSpace(table)) {
		rows++
		from, cells, _ := strings.Cut(strings.TrimSpace(line), ":")
		var s State
		if err := s.UnmarshalText([]byte(from)); err != nil {
			t.Fatal(err)
		}
		want := map[Event]State{}
		for cell := range strings.SplitSeq(cells, ",") {
			words := strings.Fields(cell)
			if len(words) == 0 {
				continue
			}
			var e Event
			var to State
			if e.UnmarshalText([]byte(words[0])) != nil || to.UnmarshalText([]byte(words[1])) != nil {
				t.Fatalf("cell %q", cell)
			}
			want[e] = to
		}
		for e := Leave; e <= RuleUnpaid; e++ {
			to, ok := s.Next(e)
			if wanted, there := want[e]; ok != there || to != wanted {
				t.Errorf("%v on %v: %v %v, want %v %v", s, e, to, ok, wanted, there)
			}
		}
	}
	if rows != int(Approved) {
		t.Errorf("%d rows", rows)
	}
}

// Nothing final owes a call; every unfinished state owes one wherever anybody can be asked at all.
func TestDutyFollowsFromState(t *testing.T) {
	for s := Held; s <= Approved; s++ {
		for _, can := range []Capabilities{{}, {Searchable: true}, {ByReference: true}} {
			for _, named := range []bool{false, true} {
				d := s.Duty(can, named)
				askable := named || can.ByReference || can.Searchable
				switch {
				case s.Final() && d != DutyNone:
					t.Errorf("%v is final and owes %d", s, d)
				case s == Held && d != DutySend:
					t.Errorf("held owes %d", d)
				case !s.Final() && s != Held && s != Sent && askable && d == DutyNone:
					t.Errorf("%v owes nothing although somebody can be asked (%+v)", s, can)
				case (d == DutyAsk || d == DutyCancel) && !named && !can.ByReference:
					t.Errorf("%v asks about an attempt the acquirer cannot name", s)
				}
			}
		}
	}
}

func TestNeedsManager(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	citcon := Capabilities{Searchable: true}
	for _, c := range []struct {
		name string
		a    Attempt
		can  Capabilities
		want bool
	}{
		{"waiting for the shopper", Attempt{State: Awaiting, Started: now}, Capabilities{}, false},
		{"doubtful, never searched", Attempt{State: Doubtful, Started: now}, citcon, false},
		{"doubtful, searched in vain", Attempt{State: Doubtful, Started: now, Unfound: true}, citcon, true},
		{"doubtful, nobody to ask", Attempt{State: Doubtful, Started: now}, Capabilities{}, true},
		{"doubtful, the id is known", Attempt{State: Doubtful, Started: now, Theirs: "T"}, Capabilities{}, false},
		{"voiding, set-up refused", Attempt{State: Voiding, Started: now, Theirs: "T", Misfit: true}, citcon, true},
		{"voiding, unknown to books that never settle", Attempt{State: Voiding, Started: now, Last: Absent}, Capabilities{ByReference: true}, true},
		{"voiding, unknown to books that settle", Attempt{State: Voiding, Started: now, Last: Absent}, Capabilities{ByReference: true, Settle: time.Minute}, false},
		{"cancelling for 73 hours", Attempt{State: Cancelling, Started: now.Add(-73 * time.Hour), Theirs: "T"}, citcon, true},
		{"approved long ago", Attempt{State: Approved, Started: now.Add(-100 * time.Hour)}, Capabilities{}, false},
	} {
		if got := c.a.NeedsManager(c.can, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The refund table is sound too.
func TestRefundTableIsSound(t *testing.T) {
	if len(nextRefund) != len(refundStateNames) {
		t.Fatalf("%d rows for %d names", len(nextRefund), len(refundStateNames))
	}
	for s := RefundOwed; s <= Refunded; s++ {
		if nextRefund[s] == nil {
			t.Errorf("%v has no row", s)
		}
		if !s.Final() && !refundEnds(s, map[RefundState]bool{}) {
			t.Errorf("%v can never end", s)
		}
		for e, to := range nextRefund[s] {
			if to.Rank() < s.Rank() {
				t.Errorf("%v on %v falls to %v", s, e, to)
			}
			if e == RefundSilence && to.Final() {
				t.Errorf("%v: silence ended a refund", s)
			}
		}
		if _, ok := s.Next(s.Restart()); !ok && !s.Final() {
			t.Errorf("%v does not survive a restart", s)
		}
	}
	const table = `
owed: leave sent, withdraw withdrawn, lapse withdrawn, silence owed
sent: done refunded, accept processing, refuse refused, defer owed, not_left owed, silence doubtful, absent sent
processing: done refunded, refuse refused, accept processing, silence processing, unfound processing, abnormal processing, absent doubtful, rule_done ruled_refunded, rule_undone ruled_refused
doubtful: done refunded, accept processing, refuse refused, leave doubtful, not_left doubtful, defer doubtful, silence doubtful, absent doubtful, unfound doubtful, abnormal doubtful, rule_done ruled_refunded, rule_undone ruled_refused
refused: done refunded
withdrawn: done refunded
ruled_refunded: done refunded, refuse refused, rule_undone ruled_refused
ruled_refused: done refunded, refuse refused, rule_done ruled_refunded
refunded:`
	for line := range strings.Lines(strings.TrimSpace(table)) {
		from, cells, _ := strings.Cut(strings.TrimSpace(line), ":")
		var s RefundState
		if err := s.UnmarshalText([]byte(from)); err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for e := RefundLeave; e <= RuleUndone; e++ {
			if to, ok := s.Next(e); ok {
				got = append(got, e.String()+" "+to.String())
			}
		}
		for cell := range strings.SplitSeq(cells, ",") {
			if cell = strings.TrimSpace(cell); cell != "" {
				want = append(want, cell)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v:\n got %q\nwant %q", s, got, want)
		}
	}
}

func refundEnds(s RefundState, seen map[RefundState]bool) bool {
	seen[s] = true
	for _, to := range nextRefund[s] {
		if to.Final() || (!seen[to] && refundEnds(to, seen)) {
			return true
		}
	}
	return false
}

// Names are what a technician reads in the file: they must come back as what they were.
func TestNamesRoundTrip(t *testing.T) {
	for s := Held; s <= Approved; s++ {
		b, err := s.MarshalText()
		var back State
		if err != nil || back.UnmarshalText(b) != nil || back != s {
			t.Errorf("%v came back as %v", s, back)
		}
		if s.Word() == "" {
			t.Errorf("%v has no word", s)
		}
	}
	for e := Leave; e <= RuleUnpaid; e++ {
		b, err := e.MarshalText()
		var back Event
		if err != nil || back.UnmarshalText(b) != nil || back != e {
			t.Errorf("%v came back as %v", e, back)
		}
	}
	if err := new(State).UnmarshalText([]byte("stored_payment")); err == nil {
		t.Error("an unknown state was taken")
	}
	if got := State(200).String(); got != "state(200)" {
		t.Errorf("a state out of range prints as %q", got)
	}
	if _, ok := State(200).Next(Approve); ok {
		t.Error("a state out of range has a next")
	}
}
