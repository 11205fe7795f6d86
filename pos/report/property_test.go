package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posd/pos"
)

// afternoon draws the life of some sales as random walks through the tables, journaled as the till
// journals them, and keeps the sales as the store would project them.
func afternoon(t *rapid.T) (sales []pos.Sale, lives [][]pos.Entry) {
	currencies, wallets := []pos.Currency{"USD", "CAD"}, []pos.Wallet{pos.WeChat, pos.Alipay}
	for i := range rapid.IntRange(0, 6).Draw(t, "sales") {
		id := fmt.Sprint("s", i)
		var s pos.Sale
		var life []pos.Entry
		write := func(reference string, kind pos.Kind, b pos.Body) {
			e := pos.Entry{At: at("10:00").Add(time.Duration(i+len(life)) * time.Minute), Day: friday, Sale: id, Reference: reference, Kind: kind, Body: b}
			if err := s.Apply(e); err != nil {
				t.Fatal(err)
			}
			life = append(life, e)
		}
		sum := pos.Body{Amount: rapid.Int64Range(1, 5_000_00).Draw(t, "amount"), Tip: rapid.Int64Range(0, 99).Draw(t, "tip"),
			Currency: rapid.SampledFrom(currencies).Draw(t, "currency")}
		write("", pos.SaleOpened, sum)
		for n := range rapid.IntRange(0, 3).Draw(t, "attempts") {
			if s.InFlight() {
				break
			}
			reference := fmt.Sprint(id, "-", n)
			charged := pos.Body{Amount: sum.Amount + sum.Tip, Tip: sum.Tip, Currency: sum.Currency, Wallet: rapid.SampledFrom(wallets).Draw(t, "wallet")}
			write(reference, pos.AttemptHeld, charged)
			for range rapid.IntRange(0, 12).Draw(t, "events") {
				a := s.Attempt(reference)
				e := rapid.Custom(func(t *rapid.T) pos.Event { return pos.Event(rapid.IntRange(1, int(pos.RuleUnpaid)).Draw(t, "event")) }).Draw(t, "event")
				to, ok := a.State.Next(e)
				if !ok {
					continue
				}
				b := pos.Body{To: to.String(), Late: a.State.Final(), Wallet: charged.Wallet, Amount: charged.Amount, Tip: sum.Tip, Currency: sum.Currency}
				if to == pos.Approved {
					b.Paid = &pos.Paid{Amount: charged.Amount, Tip: sum.Tip, Currency: sum.Currency, Wallet: charged.Wallet}
				}
				if e == pos.Decline {
					b.Reason, b.Unconfirmed = rapid.SampledFrom([]string{"refused", "expired_code", ""}).Draw(t, "reason"), rapid.Bool().Draw(t, "unconfirmed")
				}
				write(reference, pos.KindOf(e), b)
			}
			if s.Remaining(reference) > 0 && rapid.Bool().Draw(t, "refund") {
				f := reference + "f"
				given := pos.Body{Amount: rapid.Int64Range(1, charged.Amount).Draw(t, "given"), Currency: sum.Currency, Wallet: charged.Wallet, Attempt: reference, Refund: f}
				write(f, pos.RefundAsked, given)
				for range rapid.IntRange(0, 8).Draw(t, "refund events") {
					r := s.Refund(f)
					e := pos.RefundEvent(rapid.IntRange(1, int(pos.RuleUndone)).Draw(t, "refund event"))
					if to, ok := r.State.Next(e); ok {
						write(f, pos.KindOfRefund(e), pos.Body{To: to.String(), Late: r.State.Final(), Amount: given.Amount, Currency: given.Currency, Wallet: given.Wallet})
					}
				}
			}
		}
		sales, lives = append(sales, s), append(lives, life)
	}
	return sales, lives
}

// recount reads the figures off the sales as they ended, without looking at one entry.
func recount(sales []pos.Sale) (totals []Total, ruled []Ruled, doubts []Unconfirmed) {
	for _, currency := range []pos.Currency{"CAD", "USD"} {
		for _, wallet := range []pos.Wallet{pos.Alipay, pos.WeChat} {
			total := Total{Currency: currency, Wallet: wallet, Shopper: []Shopper{}}
			line := Ruled{Currency: currency, Wallet: wallet}
			doubt := Unconfirmed{Currency: currency, Wallet: wallet}
			count := func(s *Sum, minor int64) { s.N, s.Amount = s.N+1, s.Amount+minor }
			for _, s := range sales {
				for _, a := range s.Attempts {
					if a.Wallet != wallet || a.Amount.Currency != currency {
						continue
					}
					switch {
					case a.State == pos.Approved:
						count(&total.Sales, s.Amount.Minor)
						if s.Tip > 0 {
							count(&total.Tips, s.Tip)
						}
					case a.State == pos.RuledPaid:
						count(&line.Paid, a.Amount.Minor)
					case a.State == pos.RuledUnpaid:
						count(&line.Unpaid, a.Amount.Minor)
					case a.State == pos.Declined && a.Unconfirmed:
						count(&doubt.Sum, a.Amount.Minor)
					}
				}
				for _, r := range s.Refunds {
					if s.Attempt(r.Attempt).Wallet != wallet || r.Amount.Currency != currency {
						continue
					}
					switch r.State {
					case pos.Refunded:
						count(&total.Refunds, r.Amount.Minor)
					case pos.RuledRefunded:
						count(&line.Refunded, r.Amount.Minor)
					case pos.RuledRefused:
						count(&line.Refused, r.Amount.Minor)
					}
				}
			}
			total.Net = total.Sales.Amount + total.Tips.Amount - total.Refunds.Amount
			if total.Sales.N+total.Refunds.N > 0 {
				totals = append(totals, total)
			}
			if line.Paid.N+line.Unpaid.N+line.Refunded.N+line.Refused.N > 0 {
				ruled = append(ruled, line)
			}
			if doubt.N > 0 {
				doubts = append(doubts, doubt)
			}
		}
	}
	return totals, ruled, doubts
}

// shuffled mixes the sales' entries, each sale's own order kept, and numbers them as they come.
func shuffled(t *rapid.T, lives [][]pos.Entry) []pos.Entry {
	var mixed []pos.Entry
	left := slices.Clone(lives)
	for {
		left = slices.DeleteFunc(left, func(life []pos.Entry) bool { return len(life) == 0 })
		if len(left) == 0 {
			return mixed
		}
		i := rapid.IntRange(0, len(left)-1).Draw(t, "next")
		e := left[i][0]
		left[i] = left[i][1:]
		e.Seq = int64(len(mixed) + 1)
		mixed = append(mixed, e)
	}
}

// Two ways to the same money: from the entries of a day, and from the sales as they ended.
func TestTotalsEqualARecount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sales, lives := afternoon(t)
		r, err := Fold(pos.Day{Day: friday}, shuffled(t, lives))
		if err != nil {
			t.Fatal(err)
		}
		totals, ruled, doubts := recount(sales)
		if diff := cmp.Diff(append([]Total{}, totals...), r.Totals); diff != "" {
			t.Errorf("totals (-recount +report):\n%s", diff)
		}
		if diff := cmp.Diff(append([]Ruled{}, ruled...), r.Ruled); diff != "" {
			t.Errorf("ruled (-recount +report):\n%s", diff)
		}
		if diff := cmp.Diff(append([]Unconfirmed{}, doubts...), r.Unconfirmed); diff != "" {
			t.Errorf("unconfirmed (-recount +report):\n%s", diff)
		}
		if r.Counts.Opened != len(sales) {
			t.Errorf("%d sales opened, not %d", r.Counts.Opened, len(sales))
		}
	})
}

// Which of two counters was quicker changes no figure; neither does the order a query returns rows in.
func TestTheOrderOfSalesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, lives := afternoon(t)
		figures := func(entries []pos.Entry) Report {
			r, err := Fold(pos.Day{Day: friday}, entries)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		first := shuffled(t, lives)
		want := figures(first)
		slices.Reverse(first)
		if diff := cmp.Diff(want, figures(first)); diff != "" {
			t.Errorf("backwards:\n%s", diff)
		}
		got := figures(shuffled(t, lives))
		byReference := func(a, b Adjustment) int {
			return strings.Compare(a.Reference+string(a.Kind), b.Reference+string(b.Kind))
		}
		slices.SortStableFunc(want.Adjustments, byReference)
		slices.SortStableFunc(got.Adjustments, byReference)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("shuffled:\n%s", diff)
		}
	})
}

// However the entries fall into days, the days' net sums up to the money: counted in exactly one.
func TestDaysSumUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sales, lives := afternoon(t)
		entries := shuffled(t, lives)
		night := rapid.IntRange(0, len(entries)).Draw(t, "night")
		net := map[pos.Currency]int64{}
		for i, part := range [][]pos.Entry{entries[:night], entries[night:]} {
			day := pos.Day{Day: pos.Date(fmt.Sprintf("2026-11-2%d", i))}
			for n := range part {
				part[n].Day = day.Day
			}
			r, err := Fold(day, part)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range r.Net {
				net[a.Currency] += a.Minor
			}
		}
		totals, _, _ := recount(sales)
		for _, total := range totals {
			net[total.Currency] -= total.Net
		}
		for currency, left := range net {
			if left != 0 {
				t.Errorf("%s: the days differ from the money by %d", currency, left)
			}
		}
	})
}
