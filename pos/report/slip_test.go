package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// aSale is a sale with a wallet, at a stage of its life.
func aSale(then ...func(*pos.Sale)) pos.Sale {
	s := pos.Sale{ID: "s_01J", Amount: pos.Amount{Minor: 118000, Currency: "USD"}, Tip: 2000, Ticket: "A-1001", Attempts: []pos.Attempt{{
		Reference: "NYC5AV-03-261120-0042-x7Qp", Mode: pos.ByScan, Wallet: pos.Alipay, Amount: pos.Amount{Minor: 120000, Currency: "USD"}, Last4: "6789",
		State: pos.Doubtful, Started: at("14:31"), Since: at("14:32"), Theirs: "280012345678"}}}
	for _, f := range then {
		f(&s)
	}
	return s
}

func settled(s *pos.Sale) { s.End, s.Tender = pos.EndSettled, "cash" }
func givenUp(s *pos.Sale) { s.GivenUp, s.Attempts[0].State = true, pos.Voiding }
func approved(s *pos.Sale) {
	s.Attempts[0].State = pos.Approved
	s.Attempts[0].Paid = &pos.Paid{At: at("14:33"), Amount: 120000, Currency: "USD", Shopper: &pos.Shopper{Amount: 871384, Currency: "CNY", Rate: "7.2615"},
		Promotions: []string{"NEWYEAR"}}
}

func returned(state pos.RefundState) func(*pos.Sale) {
	return func(s *pos.Sale) {
		s.Refunds = append(s.Refunds, pos.Refund{ID: "r_01J", Sale: s.ID, Attempt: s.Attempts[0].Reference, Reference: "NYC5AV-03-261120-0051-Rf1u",
			Amount: pos.Amount{Minor: 34550, Currency: "USD"}, State: state, Asked: at("16:00"), Since: at("16:02")})
	}
}

// What the shopper takes home, in three tongues where the shopper's is neither Chinese nor English, and the manager's
// day on narrow paper. No line runs over it, and no slip shows a payment code.
func TestSlips(t *testing.T) {
	catalogue := languages(t)
	for name, c := range map[string]struct {
		languages []string
		kind      pos.SlipKind
		sale      pos.Sale
	}{
		"pending":           {[]string{"en", "zh-Hans"}, "", aSale()},
		"pending-settled":   {[]string{"en", "zh-Hans"}, pos.SlipPending, aSale(settled)},
		"pending-cancelled": {[]string{"en", "fr-CA"}, "", aSale(givenUp)},
		"paid":              {[]string{"en", "zh-Hans"}, pos.SlipPaid, aSale(approved)},
		"refund-asked":      {[]string{"fr-CA", "en"}, "", aSale(approved, returned(pos.RefundOwed))},
		"refund-done":       {nil, pos.SlipRefund, aSale(approved, returned(pos.Refunded))},
	} {
		p := Paper{Store: "NYC5AV", Register: "NYC5AV-03", Zone: newYork(t), Words: catalogue, Languages: c.languages}
		slip, ok := p.Slip(c.kind, c.sale)
		if !ok {
			t.Errorf("%s: no slip", name)
			continue
		}
		var b bytes.Buffer
		if err := SlipText(&b, slip); err != nil {
			t.Fatal(err)
		}
		golden(t, "slip-"+name+".txt", b.Bytes())
		for line := range strings.Lines(b.String()) {
			if wide(strings.TrimSuffix(line, "\n")) > SlipColumns {
				t.Errorf("%s: too wide: %s", name, line)
			}
		}
		if strings.Contains(b.String(), "6789\n") {
			t.Errorf("%s shows the code", name)
		}
	}
	p := Paper{Store: "NYC5AV", Register: "NYC5AV-03", Zone: newYork(t), Words: catalogue}
	var b bytes.Buffer
	if err := SlipText(&b, p.TestSlip(time.Date(2026, 11, 20, 19, 31, 55, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	golden(t, "slip-test.txt", b.Bytes())
	for _, lang := range catalogue.Languages() {
		p := Paper{Store: "NYC5AV", Register: "NYC5AV-03", Zone: newYork(t), Words: catalogue, Languages: []string{lang}}
		var b bytes.Buffer
		if err := SlipText(&b, p.DaySlip(aFriday(t))); err != nil {
			t.Fatal(err)
		}
		golden(t, "slip-day."+lang+".txt", b.Bytes())
	}
}

// A slip says no more than is known: what never left is no pending payment, what a manager ruled is no receipt, and a
// refund that was refused is none.
func TestNoSlipForWhatIsNotSo(t *testing.T) {
	state := func(x pos.State) func(*pos.Sale) { return func(s *pos.Sale) { s.Attempts[0].State = x } }
	p := Paper{Register: "NYC5AV-03", Zone: time.UTC, Words: languages(t)}
	for name, c := range map[string]struct {
		sale pos.Sale
		want pos.SlipKind // of those that there are
	}{
		"nobody has paid yet":        {aSale(func(s *pos.Sale) { s.Attempts = nil }), ""},
		"the code waits for a line":  {aSale(state(pos.Held)), ""},
		"sent":                       {aSale(state(pos.Sent)), pos.SlipPending},
		"the shopper types":          {aSale(state(pos.Awaiting)), pos.SlipPending},
		"a cancel is under way":      {aSale(state(pos.Cancelling)), pos.SlipPending},
		"declined":                   {aSale(state(pos.Declined)), ""},
		"ruled paid":                 {aSale(state(pos.RuledPaid)), ""},
		"paid":                       {aSale(approved), pos.SlipPaid},
		"paid, its refund refused":   {aSale(approved, returned(pos.Refused)), pos.SlipPaid},
		"paid, its refund withdrawn": {aSale(approved, returned(pos.Withdrawn)), pos.SlipPaid},
	} {
		for _, kind := range []pos.SlipKind{pos.SlipPaid, pos.SlipPending, pos.SlipRefund, pos.SlipDay, "nonsense"} {
			slip, ok := p.Slip(kind, c.sale)
			if ok != (kind == c.want) || (ok && slip.Kind != kind) {
				t.Errorf("%s: a slip %q: %v", name, kind, ok)
			}
		}
		if slip, ok := p.Slip("", c.sale); slip.Kind != c.want || ok != (c.want != "") {
			t.Errorf("%s: the slip that fits is %q", name, slip.Kind)
		}
	}
}
