package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posd/pos"
)

// Each refund stands where its manager looks for it: what was asked for, what came of it, and the money
// only when it has gone back.
func TestRefundsOfADay(t *testing.T) {
	asked := func(j *journal, reference string, minor int64, by string) {
		j.add("s1", reference, "11:00", pos.RefundAsked, pos.Body{Refund: "f_" + reference, Attempt: "r1", Amount: minor, Currency: "USD", Wallet: pos.WeChat,
			Reason: "wrong size", By: by})
	}
	event := func(j *journal, reference string, minor int64, e pos.RefundEvent, b pos.Body) {
		b.Amount, b.Currency, b.Wallet = minor, "USD", pos.WeChat
		j.add("s1", reference, "11:30", pos.KindOfRefund(e), b)
	}
	for _, test := range []struct {
		name  string
		write func(j *journal)
		want  []Giving
		deeds []Deed
		net   int64
		ruled []Ruled
	}{
		{name: "asked for and under way", write: func(j *journal) {
			asked(j, "f1", 300, "roy")
			event(j, "f1", 300, pos.RefundLeave, pos.Body{To: "sent"})
			event(j, "f1", 300, pos.RefundAccept, pos.Body{To: "processing"})
			event(j, "f1", 300, pos.RefundSilence, pos.Body{To: "processing"})
		}, want: []Giving{{"USD", Sum{1, 300}, Sum{}, Sum{}, Sum{}}}, deeds: []Deed{{By: "roy", Refunds: 1}}},
		{name: "done on the day after it was asked for", write: func(j *journal) {
			event(j, "f1", 300, pos.RefundDone, pos.Body{To: "refunded"})
		}, want: []Giving{{"USD", Sum{}, Sum{1, 300}, Sum{}, Sum{}}}, net: -300},
		{name: "put off, then done", write: func(j *journal) {
			asked(j, "f1", 300, "roy")
			event(j, "f1", 300, pos.RefundDefer, pos.Body{To: "owed", Reason: "not_enough"})
			event(j, "f1", 300, pos.RefundDone, pos.Body{To: "refunded"})
		}, want: []Giving{{"USD", Sum{1, 300}, Sum{1, 300}, Sum{}, Sum{}}}, deeds: []Deed{{By: "roy", Refunds: 1}}, net: -300},
		{name: "refused", write: func(j *journal) {
			asked(j, "f1", 300, "roy")
			event(j, "f1", 300, pos.RefundRefuse, pos.Body{To: "refused", Reason: "too_old"})
		}, want: []Giving{{"USD", Sum{1, 300}, Sum{}, Sum{1, 300}, Sum{}}}, deeds: []Deed{{By: "roy", Refunds: 1}}},
		{name: "taken back by a person, and by the clock", write: func(j *journal) {
			asked(j, "f1", 300, "roy")
			asked(j, "f2", 50, "roy")
			event(j, "f1", 300, pos.RefundWithdraw, pos.Body{To: "withdrawn", By: "chen"})
			event(j, "f2", 50, pos.RefundLapse, pos.Body{To: "withdrawn", Reason: "too_old"})
		}, want: []Giving{{"USD", Sum{2, 350}, Sum{}, Sum{}, Sum{2, 350}}}, deeds: []Deed{{By: "chen", Withdrawn: 1}, {By: "roy", Refunds: 2}}},
		{name: "a manager's word that the money went back is no money", write: func(j *journal) {
			event(j, "f1", 300, pos.RuleDone, pos.Body{To: "ruled_refunded", By: "roy", Why: "portal"})
		}, want: []Giving{}, deeds: []Deed{{By: "roy", Rulings: 1}}, ruled: []Ruled{{"USD", pos.WeChat, Sum{}, Sum{}, Sum{1, 300}, Sum{}}}},
		{name: "the word was right: money once, and no word left", write: func(j *journal) {
			event(j, "f1", 300, pos.RuleDone, pos.Body{To: "ruled_refunded", By: "roy", Why: "portal"})
			event(j, "f1", 300, pos.RefundDone, pos.Body{To: "refunded", Late: true})
		}, want: []Giving{{"USD", Sum{}, Sum{1, 300}, Sum{}, Sum{}}}, deeds: []Deed{{By: "roy", Rulings: 1}}, net: -300},
		{name: "an answer that fits nothing changes nothing", write: func(j *journal) {
			j.add("s1", "f1", "11:30", pos.RefundOdd, pos.Body{Event: "done"})
		}, want: []Giving{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var j journal
			test.write(&j)
			r, err := Fold(pos.Day{Day: friday}, j.entries)
			if err != nil {
				t.Fatal(err)
			}
			var net int64
			for _, n := range r.Net {
				net += n.Minor
			}
			for what, pair := range map[string][2]any{"refunds": {test.want, r.Refunds}, "deeds": {append([]Deed{}, test.deeds...), r.Deeds},
				"net": {test.net, net}, "ruled": {append([]Ruled{}, test.ruled...), r.Ruled}} {
				if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

// The manager's net and the acquirer's statement are the same money: whatever happened to a payment or a
// refund, it moved at the bank at most once, when the bank said so.
func TestNetIsTheBanksMovements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, lives := afternoon(t)
		entries := shuffled(t, lives)
		r, err := Fold(pos.Day{Day: friday}, entries)
		if err != nil {
			t.Fatal(err)
		}
		bank := map[string]pos.Amount{} // by reference
		for _, e := range entries {
			switch e.Body.To {
			case pos.Approved.String():
				bank[e.Reference] = pos.Amount{Minor: e.Body.Amount, Currency: e.Body.Currency}
			case pos.Refunded.String():
				bank[e.Reference] = pos.Amount{Minor: -e.Body.Amount, Currency: e.Body.Currency}
			}
		}
		got := map[pos.Currency]int64{}
		for _, moved := range bank {
			got[moved.Currency] += moved.Minor
		}
		for _, net := range r.Net {
			got[net.Currency] -= net.Minor
		}
		for _, g := range r.Refunds {
			for _, total := range r.Totals {
				if total.Currency == g.Currency {
					g.Done.Amount -= total.Refunds.Amount
				}
			}
			if g.Done.Amount != 0 {
				t.Errorf("refunds done differ from the table by %d %s", g.Done.Amount, g.Currency)
			}
		}
		for currency, left := range got {
			if left != 0 {
				t.Errorf("%s: the report differs from the bank by %d", currency, -left)
			}
		}
	})
}

// A manager who reads "paid late" must know which day to look at.
func TestBelongs(t *testing.T) {
	for reference, want := range map[string]pos.Date{
		"NYC5AV-03-261119-0031-k2Lm": "2026-11-19", "NYC5AV-03-261119-10031-k2Lm": "2026-11-19", "NYC5AV-03-261341-0031-k2Lm": "",
		"280012345678": "", "": "", "A-261119-0031-k2Lm-": "",
	} {
		if got := belongs(reference); got != want {
			t.Errorf("%q belongs to %q, want %q", reference, got, want)
		}
	}
}

// The plot by hour shows what was charged in it, each currency for itself.
func TestHours(t *testing.T) {
	var j journal
	j.pays("s1", "r1", "10:05", usd(500))
	j.pays("s2", "r2", "10:55", usd(700))
	j.pays("s3", "r3", "10:58", pos.Body{Wallet: pos.Alipay, Amount: 10, Currency: "CAD"})
	j.pays("s4", "r4", "11:00", usd(1))
	r, err := Fold(pos.Day{Day: friday}, j.entries)
	if err != nil {
		t.Fatal(err)
	}
	want := []Hour{{at("10:00"), 3, []pos.Amount{{Minor: 10, Currency: "CAD"}, {Minor: 1200, Currency: "USD"}}},
		{at("10:00").Add(time.Hour), 1, []pos.Amount{{Minor: 1, Currency: "USD"}}}}
	if diff := cmp.Diff(want, r.Hours); diff != "" {
		t.Error(diff)
	}
}
