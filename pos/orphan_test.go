package pos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The shopper paid, and the sale does not want it: which payment is too many, how much of it is proposed to go
// back, since when and until when.
func TestWhichMoneyIsAnOrphan(t *testing.T) {
	refund := func(of string, amount int64) Entry {
		return Entry{Kind: RefundAsked, Sale: "s1", Reference: "f-" + of, Body: Body{Refund: "i-" + of, Attempt: of, Amount: amount, Currency: "USD"}}
	}
	giving := func(of string, e RefundEvent) Entry {
		return Entry{Kind: KindOfRefund(e), Sale: "s1", Reference: "f-" + of}
	}
	back := func(of string, amount int64) []Entry {
		return []Entry{refund(of, amount), giving(of, RefundLeave), giving(of, RefundDone)}
	}
	doubt := func(of string) []Entry {
		return []Entry{held(of), event(of, Leave, Body{}), event(of, Silence, Body{})}
	}
	rule := func(of string, e Event) []Entry { return []Entry{event(of, e, Body{By: "m"})} }
	paid := func(of string) []Entry { return []Entry{event(of, Approve, Body{Paid: &Paid{}})} }
	settled := []Entry{{Kind: SaleSettled, Sale: "s1", Body: Body{Tender: "cash"}}}
	cancelled := []Entry{{Kind: SaleCancelled, Sale: "s1"}}
	for name, c := range map[string]struct {
		then []([]Entry)
		want string // attempt, why, amount, proposed, since
	}{
		"paid once":                                {[][]Entry{doubt("r1"), paid("r1")}, ""},
		"settled, then paid":                       {[][]Entry{doubt("r1"), settled, paid("r1")}, "r1 settled 110 110 5"},
		"cancelled after a ruling, then paid":      {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), cancelled, paid("r1")}, "r1 cancelled 110 110 6"},
		"settled, then ruled paid":                 {[][]Entry{doubt("r1"), settled, rule("r1", RulePaid)}, "r1 settled 110 110 5"},
		"paid after a late first one":              {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r2"), paid("r1")}, "r1 twice 110 110 9"},
		"the late one first":                       {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r1"), paid("r2")}, "r2 twice 110 110 9"},
		"ruled paid, and the other one is proved":  {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), rule("r2", RulePaid), paid("r1")}, "r1 twice 110 110 9"},
		"proved, and then the other is ruled paid": {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r1"), rule("r2", RulePaid)}, "r1 twice 110 110 9"},
		"part of it went back":                     {[][]Entry{doubt("r1"), settled, paid("r1"), back("r1", 40)}, "r1 settled 70 70 5"},
		"all of it is on its way":                  {[][]Entry{doubt("r1"), settled, paid("r1"), {refund("r1", 110)}}, "r1 settled 110 0 5"},
		"the refund was refused":                   {[][]Entry{doubt("r1"), settled, paid("r1"), {refund("r1", 110), giving("r1", RefundLeave), giving("r1", RefundRefuse)}}, "r1 settled 110 110 5"},
		"it went back":                             {[][]Entry{doubt("r1"), settled, paid("r1"), back("r1", 110)}, ""},
		"the first of two went back":               {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r2"), paid("r1"), back("r2", 110)}, ""},
		"both went back":                           {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r2"), paid("r1"), back("r2", 110), back("r1", 110)}, ""},
		"the first of two went, says a manager":    {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r2"), paid("r1"), {refund("r2", 110), giving("r2", RefundLeave), giving("r2", RefundSilence), giving("r2", RuleDone)}}, ""},
		"goods returned, then a late one":          {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r2"), back("r2", 110), paid("r1")}, "r1 twice 110 110 12"},
		"goods returned in part after paid twice":  {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), paid("r2"), paid("r1"), back("r1", 110), back("r2", 30)}, ""},
		"settled, and two came":                    {[][]Entry{doubt("r1"), rule("r1", RuleUnpaid), doubt("r2"), settled, paid("r2"), paid("r1")}, "r2 settled 110 110 9, r1 settled 110 110 10"},
	} {
		s := &Sale{}
		noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		marked := ""
		for i, e := range slices.Concat(append([][]Entry{{opened(100, 10)}}, c.then...)...) {
			e.Seq, e.At = int64(i+1), noon.Add(time.Duration(i)*time.Second)
			if of := s.Unwanted(e); of != "" {
				marked += " " + of
			}
			if err := s.Apply(e); err != nil {
				t.Fatal(name, err)
			}
		}
		var got []string
		for _, o := range s.Orphans() {
			got = append(got, fmt.Sprint(o.Attempt, " ", o.Why, " ", o.Amount.Minor, " ", o.Left, " ", int(o.Since.Sub(noon).Seconds())))
			if !o.Due.Equal(o.Since.Add(24 * time.Hour)) {
				t.Errorf("%s: due %s", name, o.Due)
			}
			if !strings.Contains(marked, o.Attempt) {
				t.Errorf("%s: no entry says that %s became an orphan:%s", name, o.Attempt, marked)
			}
			if a, _ := s.Refundable(o.Left); o.Left > 0 && a.Reference != s.Proposed()[0].Attempt {
				t.Errorf("%s: a refund would come out of %s", name, a.Reference)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, ", "), c.want)
		}
		if owing := len(s.Proposed()) > 0 || len(s.Refunds) > 0 && !s.Refunds[0].State.Final(); s.Owing() != owing {
			t.Errorf("%s: owing %v", name, s.Owing())
		}
	}
}
