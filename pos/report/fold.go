package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"posd/pos"
)

// china is where the wallets' settlement day turns; it has no daylight saving time.
var china = time.FixedZone("GMT+8", 8*60*60)

// Fold makes the report of a day from that day's entries alone. Their order does not matter as long
// as Seq tells it. An entry of another day, and a sum that does not fit, are errors.
func Fold(day pos.Day, entries []pos.Entry) (Report, error) {
	f := folding{
		totals: map[purse]*Total{}, rulings: map[string]word{}, doubts: map[string]word{},
		failed: map[string]int{}, people: map[seat]*Person{}, hours: map[time.Time]*Hour{}, china: map[pos.Date]bool{},
		givings: map[pos.Currency]*Giving{}, deeds: map[string]*Deed{}, promotions: map[string]int{},
	}
	f.r = Report{Day: day.Day, Opened: instant(day.Opened), Closed: instant(day.Closed), By: day.By, Note: day.Note,
		Chain: Chain{day.Rows, day.Head}, NotFinal: []Item{}, Orphans: []Orphan{}, CarriedIn: []string{}, CarriedOut: []string{}}
	if day.Z != 0 {
		f.r.Z = &day.Z
	}
	bySeq := func(a, b pos.Entry) int { return cmp.Compare(a.Seq, b.Seq) }
	if !slices.IsSortedFunc(entries, bySeq) {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, bySeq)
	}
	for _, e := range entries {
		if e.Day != day.Day {
			return Report{}, fmt.Errorf("report of %s: entry %d counts in %s", day.Day, e.Seq, e.Day)
		}
		if err := f.add(e); err != nil {
			return Report{}, fmt.Errorf("report of %s: entry %d %s: %w", day.Day, e.Seq, e.Kind, err)
		}
	}
	if err := f.finish(); err != nil {
		return Report{}, fmt.Errorf("report of %s: %w", day.Day, err)
	}
	return f.r, nil
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// purse is what money is kept apart by.
type purse struct {
	currency pos.Currency
	wallet   pos.Wallet
}

func (p purse) compare(q purse) int {
	return cmp.Or(cmp.Compare(p.currency, q.currency), cmp.Compare(p.wallet, q.wallet))
}

// word is the last that was said about a reference without proof.
type word struct {
	purse
	kind   pos.Kind
	amount int64
}

type seat struct {
	cashier  string
	currency pos.Currency
}

type folding struct {
	r          Report
	totals     map[purse]*Total
	rulings    map[string]word // by reference
	doubts     map[string]word // unconfirmed declines, by reference
	failed     map[string]int
	people     map[seat]*Person
	hours      map[time.Time]*Hour
	china      map[pos.Date]bool
	givings    map[pos.Currency]*Giving
	deeds      map[string]*Deed
	promotions map[string]int
}

func (f *folding) add(e pos.Entry) error {
	if e.Body.To == pos.Unsent.String() {
		f.r.Counts.Unsent++
	}
	f.answered(e)
	f.orphaned(e)
	switch e.Kind {
	case pos.SaleOpened:
		f.r.Counts.Opened++
	case pos.SaleCancelled:
		f.r.Counts.Cancelled++
	case pos.SaleSettled:
		f.r.Counts.Settled++
	case pos.AttemptHeld:
		f.r.Counts.Attempts++
	case pos.DayClosed:
		for _, c := range e.Body.Carried {
			f.r.CarriedOut = append(f.r.CarriedOut, c.ID)
			f.r.NotFinal = append(f.r.NotFinal, CarriedItem(c))
		}
	case pos.DayOpened:
		for _, c := range e.Body.Carried {
			f.r.CarriedIn = append(f.r.CarriedIn, c.ID)
		}
	case pos.KindOf(pos.Approve), pos.KindOf(pos.TooLate):
		if e.Body.To == "" || e.Body.To == pos.Approved.String() { // "paid" said of a cancel under way is no money yet
			return f.paid(e)
		}
	case pos.KindOfRefund(pos.RefundDone):
		return f.refunded(e)
	case pos.KindOf(pos.Decline):
		f.r.Counts.Declined++
		f.failed[e.Body.Reason]++
		f.settled(e)
		if e.Body.Unconfirmed {
			f.doubts[e.Reference] = said(e)
		}
	case pos.KindOf(pos.Close), pos.KindOf(pos.Vanished):
		f.r.Counts.Voided++
		f.settled(e)
	case pos.KindOfRefund(pos.RefundRefuse):
		f.settled(e)
		return f.given(e)
	case pos.RefundAsked, pos.KindOfRefund(pos.RefundWithdraw), pos.KindOfRefund(pos.RefundLapse):
		return f.given(e)
	case pos.AttemptOdd, pos.RefundOdd:
		f.r.Counts.Odd++
	case pos.KindOf(pos.RulePaid), pos.KindOf(pos.RuleUnpaid), pos.KindOfRefund(pos.RuleDone),
		pos.KindOfRefund(pos.RuleUndone):
		f.rulings[e.Reference] = said(e)
	}
	return nil
}

// CarriedItem is an item of a list by name, such as of what was open when the day ended.
func CarriedItem(c pos.Carried) Item {
	i := Item{Kind: ItemAttempt, ID: c.ID, Sale: c.Sale, Ticket: c.Ticket, Amount: c.Amount, Currency: c.Currency, State: c.State,
		Since: c.Since, Why: c.Why, Who: c.Who}
	if c.Refund {
		i.Kind = ItemRefund
	}
	if c.Orphan {
		i.Kind, i.Due = ItemOrphan, instant(c.Due)
	}
	return i
}

// orphaned takes note of money that nobody wanted when it came. All attempts of a sale ask for the same sum.
func (f *folding) orphaned(e pos.Entry) {
	if e.Body.Orphan == "" {
		return
	}
	f.r.Orphans = append(f.r.Orphans, Orphan{At: e.At.UTC(), Sale: e.Sale, Ticket: e.Body.Ticket, Reference: e.Body.Orphan, Wallet: e.Body.Wallet,
		Amount: e.Body.Amount, Currency: e.Body.Currency, Due: e.At.Add(pos.OrphanDueAfter).UTC()})
}

func said(e pos.Entry) word {
	return word{purse{e.Body.Currency, e.Body.Wallet}, e.Kind, e.Body.Amount}
}

// settled takes an answer that proves or disproves what was only said before. One that moved no money
// but came after the end is an adjustment.
func (f *folding) settled(e pos.Entry) {
	delete(f.rulings, e.Reference)
	if e.Body.Late {
		f.adjust(e, said(e), 0)
	}
}

func (f *folding) adjust(e pos.Entry, w word, net int64) {
	f.r.Adjustments = append(f.r.Adjustments, Adjustment{At: e.At.UTC(), Of: belongs(e.Reference), Sale: e.Sale, Reference: e.Reference,
		Kind: e.Kind, Wallet: w.wallet, Amount: w.amount, Currency: w.currency, Net: net})
}

func (f *folding) total(p purse) *Total {
	t, ok := f.totals[p]
	if !ok {
		t = &Total{Currency: p.currency, Wallet: p.wallet, Shopper: []Shopper{}}
		f.totals[p] = t
	}
	return t
}

// paid counts an attempt that became approved.
func (f *folding) paid(e pos.Entry) error {
	delete(f.rulings, e.Reference)
	delete(f.doubts, e.Reference)
	w, tip := said(e), e.Body.Tip
	if p := e.Body.Paid; p != nil {
		w = word{purse{p.Currency, cmp.Or(p.Wallet, w.wallet)}, e.Kind, p.Amount}
		tip = p.Tip
	}
	sale, err := pos.Amount{Minor: w.amount, Currency: w.currency}.Sub(pos.Amount{Minor: tip, Currency: w.currency})
	if err != nil {
		return err
	}
	person := f.person(seat{e.Body.Cashier, w.currency})
	total := f.total(w.purse)
	if err := cmp.Or(total.Sales.add(sale.Minor), person.Sales.add(sale.Minor)); err != nil {
		return err
	}
	if tip != 0 {
		if err := cmp.Or(total.Tips.add(tip), person.Tips.add(tip)); err != nil {
			return err
		}
	}
	if p := e.Body.Paid; p != nil && p.Shopper != nil {
		if err := total.shopper(*p.Shopper, w.amount); err != nil {
			return err
		}
	}
	if p := e.Body.Paid; p != nil {
		for _, name := range p.Promotions {
			f.promotions[name]++
		}
	}
	if err := f.sold(e.At, pos.Amount{Minor: w.amount, Currency: w.currency}); err != nil {
		return err
	}
	f.china[pos.Date(e.At.In(china).Format(time.DateOnly))] = true
	if e.Body.Late {
		f.adjust(e, w, w.amount)
	}
	return nil
}

// refunded counts money that went back.
func (f *folding) refunded(e pos.Entry) error {
	delete(f.rulings, e.Reference)
	w := said(e)
	if err := f.total(w.purse).Refunds.add(w.amount); err != nil {
		return err
	}
	f.china[pos.Date(e.At.In(china).Format(time.DateOnly))] = true
	if e.Body.Late {
		f.adjust(e, w, -w.amount)
	}
	return f.given(e)
}

func (f *folding) person(s seat) *Person {
	p, ok := f.people[s]
	if !ok {
		p = &Person{Cashier: s.cashier, Currency: s.currency}
		f.people[s] = p
	}
	return p
}

func (s *Sum) add(minor int64) error {
	sum, err := pos.Amount{Minor: s.Amount}.Add(pos.Amount{Minor: minor})
	if err != nil {
		return err
	}
	s.N, s.Amount = s.N+1, sum.Minor
	return nil
}

func (t *Total) shopper(s pos.Shopper, charged int64) error {
	i := slices.IndexFunc(t.Shopper, func(known Shopper) bool { return known.Currency == s.Currency })
	if i < 0 {
		i = len(t.Shopper)
		t.Shopper = append(t.Shopper, Shopper{Currency: s.Currency})
	}
	line := &t.Shopper[i]
	ours, err := pos.Amount{Minor: line.Charged}.Add(pos.Amount{Minor: charged})
	if err != nil {
		return err
	}
	line.Charged = ours.Minor
	return line.add(s.Amount)
}

// net is sales + tips - refunds.
func (t Total) net() (pos.Amount, error) {
	of := func(minor int64) pos.Amount { return pos.Amount{Minor: minor, Currency: t.Currency} }
	in, err := of(t.Sales.Amount).Add(of(t.Tips.Amount))
	if err != nil {
		return in, err
	}
	return in.Sub(of(t.Refunds.Amount))
}

// finish orders what was gathered, so that equal days read equal.
func (f *folding) finish() error {
	r := &f.r
	r.Totals, r.Net = []Total{}, []pos.Amount{}
	for _, p := range slices.SortedFunc(maps.Keys(f.totals), purse.compare) {
		t := f.totals[p]
		net, err := t.net()
		if err != nil {
			return err
		}
		t.Net = net.Minor
		slices.SortStableFunc(t.Shopper, func(a, b Shopper) int { return cmp.Compare(a.Currency, b.Currency) })
		r.Totals = append(r.Totals, *t)
		if last := len(r.Net) - 1; last >= 0 && r.Net[last].Currency == p.currency {
			if net, err = r.Net[last].Add(net); err != nil {
				return err
			}
			r.Net[last] = net
		} else {
			r.Net = append(r.Net, net)
		}
	}
	if err := f.finishSaid(); err != nil {
		return err
	}
	f.finishDeeds()
	return nil
}

// finishSaid sums up the rulings and the unconfirmed declines that still stand.
func (f *folding) finishSaid() error {
	ruled, doubts := map[purse]*Ruled{}, map[purse]*Unconfirmed{}
	for _, w := range f.rulings {
		r, ok := ruled[w.purse]
		if !ok {
			r = &Ruled{Currency: w.currency, Wallet: w.wallet}
			ruled[w.purse] = r
		}
		line := map[pos.Kind]*Sum{pos.KindOf(pos.RulePaid): &r.Paid, pos.KindOf(pos.RuleUnpaid): &r.Unpaid,
			pos.KindOfRefund(pos.RuleDone): &r.Refunded, pos.KindOfRefund(pos.RuleUndone): &r.Refused}[w.kind]
		if err := line.add(w.amount); err != nil {
			return err
		}
	}
	for _, w := range f.doubts {
		u, ok := doubts[w.purse]
		if !ok {
			u = &Unconfirmed{Currency: w.currency, Wallet: w.wallet}
			doubts[w.purse] = u
		}
		if err := u.add(w.amount); err != nil {
			return err
		}
	}
	f.r.Ruled, f.r.Unconfirmed = []Ruled{}, []Unconfirmed{}
	for _, p := range slices.SortedFunc(maps.Keys(ruled), purse.compare) {
		f.r.Ruled = append(f.r.Ruled, *ruled[p])
	}
	for _, p := range slices.SortedFunc(maps.Keys(doubts), purse.compare) {
		f.r.Unconfirmed = append(f.r.Unconfirmed, *doubts[p])
	}
	return nil
}
