package report

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posd/pos"
)

const friday = pos.Date("2026-11-20")

// at is a time of day in New York in November.
func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-11-20T"+clock+":00-05:00")
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// journal gathers a day's entries as the till would write them.
type journal struct{ entries []pos.Entry }

func (j *journal) add(sale, reference, clock string, kind pos.Kind, b pos.Body) {
	j.entries = append(j.entries, pos.Entry{Seq: int64(len(j.entries) + 1), At: at(clock), Day: friday, Sale: sale,
		Reference: reference, Kind: kind, Body: b})
}

func (j *journal) sale(id string, b pos.Body) { j.add(id, "", "10:00", pos.SaleOpened, b) }

func (j *journal) pays(sale, reference, clock string, b pos.Body) {
	j.add(sale, reference, clock, pos.AttemptHeld, pos.Body{Mode: pos.ByScan})
	b.To = "approved"
	j.add(sale, reference, clock, pos.KindOf(pos.Approve), b)
}

func usd(minor int64) pos.Body {
	return pos.Body{Wallet: pos.WeChat, Amount: minor, Currency: "USD", Paid: &pos.Paid{Amount: minor, Currency: "USD", Wallet: pos.WeChat}}
}

// What a manager would check by hand: each fact stands in exactly one line.
func TestFold(t *testing.T) {
	approve, decline := pos.KindOf(pos.Approve), pos.KindOf(pos.Decline)
	total := func(sales, tips, refunds Sum) []Total {
		return []Total{{"USD", pos.WeChat, sales, tips, refunds, sales.Amount + tips.Amount - refunds.Amount, []Shopper{}}}
	}
	for _, test := range []struct {
		name   string
		write  func(j *journal)
		totals []Total
		ruled  []Ruled
		doubts []Unconfirmed
		failed []Failure
		adjust []int64 // what each adjustment put into net
	}{
		{name: "a tip stands beside its sale, not in it", write: func(j *journal) {
			b := usd(1200)
			b.Paid.Tip = 200
			j.pays("s1", "r1", "10:00", b)
		}, totals: total(Sum{1, 1000}, Sum{1, 200}, Sum{})},
		{name: "paid, seen when the cancel came too late", write: func(j *journal) {
			b := usd(500)
			b.To = "approved"
			j.add("s1", "r1", "10:00", pos.KindOf(pos.TooLate), b)
		}, totals: total(Sum{1, 500}, Sum{}, Sum{})},
		{name: "paid, said while a cancel is under way, is no money yet", write: func(j *journal) {
			b := usd(500)
			b.To = "voiding"
			j.add("s1", "r1", "10:00", approve, b)
		}},
		{name: "a refund asked for is no money yet, one done is", write: func(j *journal) {
			j.pays("s1", "r1", "10:00", usd(500))
			j.add("s1", "f1", "11:00", pos.RefundAsked, pos.Body{Amount: 100, Currency: "USD"})
			j.add("s1", "f2", "11:00", pos.KindOfRefund(pos.RefundDone), pos.Body{Wallet: pos.WeChat, Amount: 200, Currency: "USD"})
		}, totals: total(Sum{1, 500}, Sum{}, Sum{1, 200})},
		{name: "a ruling is no money", write: func(j *journal) {
			j.add("s1", "r1", "10:00", pos.KindOf(pos.RulePaid), usd(500))
			j.add("s2", "r2", "10:00", pos.KindOf(pos.RuleUnpaid), usd(300))
			j.add("s3", "f3", "10:00", pos.KindOfRefund(pos.RuleDone), usd(70))
		}, ruled: []Ruled{{"USD", pos.WeChat, Sum{1, 500}, Sum{1, 300}, Sum{1, 70}, Sum{}}}},
		{name: "a ruling taken back counts as the last word", write: func(j *journal) {
			j.add("s1", "r1", "10:00", pos.KindOf(pos.RulePaid), usd(500))
			j.add("s1", "r1", "10:10", pos.KindOf(pos.RuleUnpaid), usd(500))
		}, ruled: []Ruled{{"USD", pos.WeChat, Sum{}, Sum{1, 500}, Sum{}, Sum{}}}},
		{name: "a ruling proved on the same day is money, once", write: func(j *journal) {
			b := usd(500)
			j.add("s1", "r1", "10:00", pos.KindOf(pos.RulePaid), b)
			b.Late, b.To = true, "approved"
			j.add("s1", "r1", "11:00", approve, b)
		}, totals: total(Sum{1, 500}, Sum{}, Sum{}), adjust: []int64{500}},
		{name: "a ruling the acquirer contradicts", write: func(j *journal) {
			b := usd(500)
			j.add("s1", "r1", "10:00", pos.KindOf(pos.RulePaid), b)
			b.Late, b.Reason, b.Paid = true, "refused", nil
			j.add("s1", "r1", "11:00", decline, b)
		}, failed: []Failure{{"refused", 1}}, adjust: []int64{0}},
		{name: "a late refund", write: func(j *journal) {
			b := usd(200)
			b.Late = true
			j.add("s1", "f1", "11:00", pos.KindOfRefund(pos.RefundDone), b)
		}, totals: total(Sum{}, Sum{}, Sum{1, 200}), adjust: []int64{-200}},
		{name: "declines by reason, the commonest first", write: func(j *journal) {
			for _, reason := range []string{"insufficient", "expired_code", "expired_code"} {
				j.add("s1", reason, "10:00", decline, pos.Body{Reason: reason})
			}
		}, failed: []Failure{{"expired_code", 2}, {"insufficient", 1}}},
		{name: "an unconfirmed decline", write: func(j *journal) {
			b := usd(900)
			b.Reason, b.Unconfirmed = "refused", true
			j.add("s1", "r1", "10:00", decline, b)
		}, doubts: []Unconfirmed{{"USD", pos.WeChat, Sum{1, 900}}}, failed: []Failure{{"refused", 1}}},
		{name: "an unconfirmed decline that was paid after all", write: func(j *journal) {
			b := usd(900)
			b.Reason, b.Unconfirmed = "refused", true
			j.add("s1", "r1", "10:00", decline, b)
			b = usd(900)
			b.Late = true
			j.add("s1", "r1", "11:00", approve, b)
		}, totals: total(Sum{1, 900}, Sum{}, Sum{}), failed: []Failure{{"refused", 1}}, adjust: []int64{900}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var j journal
			test.write(&j)
			r, err := Fold(pos.Day{Day: friday}, j.entries)
			if err != nil {
				t.Fatal(err)
			}
			var adjust []int64
			for _, a := range r.Adjustments {
				adjust = append(adjust, a.Net)
			}
			for what, pair := range map[string][2]any{
				"totals": {r.Totals, append([]Total{}, test.totals...)}, "ruled": {r.Ruled, append([]Ruled{}, test.ruled...)},
				"unconfirmed": {r.Unconfirmed, append([]Unconfirmed{}, test.doubts...)},
				"failed":      {r.Failed, append([]Failure{}, test.failed...)}, "adjustments": {adjust, test.adjust},
			} {
				if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

// A figure that cannot be right is refused, not written.
func TestFoldRefuses(t *testing.T) {
	t.Run("more money than fits", func(t *testing.T) {
		var j journal
		j.pays("s1", "r1", "10:00", usd(math.MaxInt64))
		j.pays("s2", "r2", "10:00", usd(1))
		if _, err := Fold(pos.Day{Day: friday}, j.entries); !errors.Is(err, pos.ErrOverflow) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("more net of two wallets than fits", func(t *testing.T) {
		var j journal
		j.pays("s1", "r1", "10:00", usd(math.MaxInt64))
		b := usd(1)
		b.Paid.Wallet = pos.Alipay
		j.pays("s2", "r2", "10:00", b)
		if _, err := Fold(pos.Day{Day: friday}, j.entries); !errors.Is(err, pos.ErrOverflow) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an entry of another day", func(t *testing.T) {
		var j journal
		j.pays("s1", "r1", "10:00", usd(1))
		if _, err := Fold(pos.Day{Day: "2026-11-21"}, j.entries); err == nil {
			t.Error("accepted")
		}
	})
}

func BenchmarkFold(b *testing.B) {
	var j journal
	dice := rand.New(rand.NewPCG(1, 2))
	for len(j.entries) < 10_000 {
		j.pays("s", "r", "10:00", usd(dice.Int64N(100_000)))
	}
	for b.Loop() {
		if _, err := Fold(pos.Day{Day: friday}, j.entries); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(j.entries)), "entries/op")
}
