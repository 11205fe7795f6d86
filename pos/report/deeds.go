package report

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"

	"posd/pos"
)

// Giving is what was asked back in one currency, and what came of it today: a refund asked for on one
// day and done on another stands in Asked here and in Done there. What is under way is not final.
type Giving struct {
	Currency  pos.Currency `json:"currency"`
	Asked     Sum          `json:"asked"`
	Done      Sum          `json:"done"`      // the refunds of Totals
	Refused   Sum          `json:"refused"`   // by the acquirer
	Withdrawn Sum          `json:"withdrawn"` // by a person, or because it could not leave in time
}

// Deed is what one person answered for by name. The same name is the same person.
type Deed struct {
	By        string `json:"by"`
	Refunds   int    `json:"refunds"`   // asked for
	Withdrawn int    `json:"withdrawn"` // refunds taken back
	Rulings   int    `json:"rulings"`
	Doubles   int    `json:"doubles"` // a second sale of the same sum confirmed
	Cancels   int    `json:"cancels"` // while a payment was under way
}

// counted is one line of a list of counts; item is its word in the catalogue and in a CSV.
type counted struct {
	item string
	n    int
}

// list gives what was done at all.
func (d Deed) list() []counted {
	return slices.DeleteFunc([]counted{{"refunds", d.Refunds}, {"withdrawn", d.Withdrawn}, {"rulings", d.Rulings}, {"doubles", d.Doubles},
		{"cancels", d.Cancels}}, func(c counted) bool { return c.n == 0 })
}

func (c Counts) list() []counted {
	return []counted{{"opened", c.Opened}, {"settled", c.Settled}, {"cancelled", c.Cancelled}, {"attempts", c.Attempts}, {"declined", c.Declined},
		{"voided", c.Voided}, {"unsent", c.Unsent}, {"odd", c.Odd}}
}

// Promotion counts the payments that carried a discount somebody else paid for, by its name.
type Promotion struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func (f *folding) deed(by string) *Deed {
	d, ok := f.deeds[by]
	if !ok {
		d = &Deed{By: by}
		f.deeds[by] = d
	}
	return d
}

// answered notes who stands for an entry.
func (f *folding) answered(e pos.Entry) {
	if e.Body.By == "" {
		return
	}
	switch e.Kind {
	case pos.RefundAsked:
		f.deed(e.Body.By).Refunds++
	case pos.KindOfRefund(pos.RefundWithdraw):
		f.deed(e.Body.By).Withdrawn++
	case pos.KindOf(pos.RulePaid), pos.KindOf(pos.RuleUnpaid), pos.KindOfRefund(pos.RuleDone), pos.KindOfRefund(pos.RuleUndone):
		f.deed(e.Body.By).Rulings++
	case pos.SaleOpened:
		f.deed(e.Body.By).Doubles++
	case pos.SaleGivenUp:
		f.deed(e.Body.By).Cancels++
	}
}

// given counts a refund's beginning or end.
func (f *folding) given(e pos.Entry) error {
	g, ok := f.givings[e.Body.Currency]
	if !ok {
		g = &Giving{Currency: e.Body.Currency}
		f.givings[e.Body.Currency] = g
	}
	sum := map[pos.Kind]*Sum{pos.RefundAsked: &g.Asked, pos.KindOfRefund(pos.RefundDone): &g.Done, pos.KindOfRefund(pos.RefundRefuse): &g.Refused,
		pos.KindOfRefund(pos.RefundWithdraw): &g.Withdrawn, pos.KindOfRefund(pos.RefundLapse): &g.Withdrawn}[e.Kind]
	return sum.add(e.Body.Amount)
}

// sold counts a payment in its hour.
func (f *folding) sold(at time.Time, charged pos.Amount) error {
	from := at.UTC().Truncate(time.Hour)
	h, ok := f.hours[from]
	if !ok {
		h = &Hour{From: from, Sums: []pos.Amount{}}
		f.hours[from] = h
	}
	h.N++
	i := slices.IndexFunc(h.Sums, func(a pos.Amount) bool { return a.Currency == charged.Currency })
	if i < 0 {
		h.Sums = append(h.Sums, charged)
		return nil
	}
	sum, err := h.Sums[i].Add(charged)
	h.Sums[i] = sum
	return err
}

// dated finds the business day in a reference of ours, which carries it.
var dated = regexp.MustCompile(`-(\d{6})-\d{4,}-[0-9A-Za-z]{4}$`)

// belongs is the business day of a reference; empty for one that is not of our making.
func belongs(reference string) pos.Date {
	found := dated.FindStringSubmatch(reference)
	if found == nil {
		return ""
	}
	day, err := time.Parse("060102", found[1])
	if err != nil {
		return ""
	}
	return pos.Date(day.Format(time.DateOnly))
}

// finishDeeds orders what people did and when.
func (f *folding) finishDeeds() {
	r := &f.r
	r.Failed = []Failure{}
	for reason, n := range f.failed {
		r.Failed = append(r.Failed, Failure{reason, n})
	}
	slices.SortStableFunc(r.Failed, func(a, b Failure) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason)) })
	r.People = []Person{}
	for _, p := range f.people {
		r.People = append(r.People, *p)
	}
	slices.SortStableFunc(r.People, func(a, b Person) int {
		return cmp.Or(cmp.Compare(a.Cashier, b.Cashier), cmp.Compare(a.Currency, b.Currency))
	})
	r.Hours = []Hour{}
	for _, from := range slices.SortedFunc(maps.Keys(f.hours), time.Time.Compare) {
		h := *f.hours[from]
		slices.SortStableFunc(h.Sums, func(a, b pos.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
		r.Hours = append(r.Hours, h)
	}
	r.Refunds, r.Deeds, r.Promotions = []Giving{}, []Deed{}, []Promotion{}
	for _, c := range slices.Sorted(maps.Keys(f.givings)) {
		r.Refunds = append(r.Refunds, *f.givings[c])
	}
	for _, by := range slices.Sorted(maps.Keys(f.deeds)) {
		r.Deeds = append(r.Deeds, *f.deeds[by])
	}
	for _, name := range slices.Sorted(maps.Keys(f.promotions)) {
		r.Promotions = append(r.Promotions, Promotion{name, f.promotions[name]})
	}
	r.ChinaDays = slices.AppendSeq([]pos.Date{}, maps.Keys(f.china))
	slices.Sort(r.ChinaDays)
	if r.Adjustments == nil {
		r.Adjustments = []Adjustment{}
	}
}
