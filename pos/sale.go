package pos

import (
	"fmt"
	"slices"
	"time"
)

// Sale is what a shopper is to pay, with every attempt to pay it and every refund out of it.
type Sale struct {
	ID       string
	Day      Date // the day it was opened in
	Created  time.Time
	Amount   Amount // without the tip
	Tip      int64
	Ticket   string // the POS software's number
	Cashier  string
	Note     string
	GivenUp  bool   // a person asked to cancel; carried out when the attempt in flight has ended unpaid
	End      string // "", "cancelled" or "settled"
	Tender   string // of a settled sale
	Attempts []Attempt
	Refunds  []Refund
}

// Ends of a sale that no attempt paid.
const (
	EndCancelled = "cancelled"
	EndSettled   = "settled"
)

// Charged is the sum an attempt asks for: amount and tip. Opening a sale has checked that it fits.
func (s Sale) Charged() Amount { return Amount{s.Amount.Minor + s.Tip, s.Amount.Currency} }

// Current is the attempt that is unfinished, or else the last one; nil before the first.
func (s *Sale) Current() *Attempt {
	for i := range s.Attempts {
		if !s.Attempts[i].State.Final() {
			return &s.Attempts[i]
		}
	}
	if len(s.Attempts) == 0 {
		return nil
	}
	return &s.Attempts[len(s.Attempts)-1]
}

// Attempt finds an attempt by its reference, or nil.
func (s *Sale) Attempt(reference string) *Attempt {
	i := slices.IndexFunc(s.Attempts, func(a Attempt) bool { return a.Reference == reference })
	if i < 0 {
		return nil
	}
	return &s.Attempts[i]
}

// Refund finds a refund by its reference, or nil.
func (s *Sale) Refund(reference string) *Refund {
	i := slices.IndexFunc(s.Refunds, func(r Refund) bool { return r.Reference == reference })
	if i < 0 {
		return nil
	}
	return &s.Refunds[i]
}

// InFlight reports whether an attempt is unfinished.
func (s *Sale) InFlight() bool {
	a := s.Current()
	return a != nil && !a.State.Final()
}

// Settled reports whether the money is there: approved, or ruled so.
func (s Sale) Settled() bool {
	return slices.ContainsFunc(s.Attempts, func(a Attempt) bool { return a.State == Approved || a.State == RuledPaid })
}

// Open reports whether the sale may still be paid: nothing paid it, nobody ended it.
func (s Sale) Open() bool { return s.End == "" && !s.Settled() }

// Status is the one word for where the sale stands, as the API and every screen use it.
func (s Sale) Status() string {
	switch {
	case s.End != "":
		return s.End
	case len(s.Attempts) == 0:
		return "open"
	}
	for _, paid := range []State{Approved, RuledPaid} {
		for _, a := range s.Attempts {
			if a.State == paid {
				return a.State.Word()
			}
		}
	}
	return s.Current().State.Word()
}

// returned is what has gone back of an attempt, in minor units.
func (s Sale) returned(reference string) (minor int64) {
	for _, r := range s.Refunds {
		if r.Attempt == reference && (r.State == Refunded || r.State == RuledRefunded) {
			minor += r.Amount.Minor
		}
	}
	return minor
}

// Remaining is what may still be refunded of an attempt, in minor units.
func (s Sale) Remaining(reference string) int64 {
	a := s.Attempt(reference)
	if a == nil || (a.State != Approved && a.State != RuledPaid) {
		return 0
	}
	left := a.Amount.Minor
	for _, r := range s.Refunds {
		if r.Attempt == reference && r.State.Binds() {
			left -= r.Amount.Minor
		}
	}
	return left
}

// Refundable is the attempt that a refund of so much can come out of: an orphan first, then the last paid one.
// left is the most that any attempt still has.
func (s *Sale) Refundable(minor int64) (a *Attempt, left int64) {
	for _, o := range s.Proposed() {
		if a == nil && o.Left >= minor {
			a = s.Attempt(o.Attempt)
		}
	}
	for i := len(s.Attempts) - 1; i >= 0; i-- {
		remaining := s.Remaining(s.Attempts[i].Reference)
		left = max(left, remaining)
		if a == nil && remaining >= minor && remaining > 0 {
			a = &s.Attempts[i]
		}
	}
	return a, left
}

// RefundTotals sums up what went back and what may still go, in minor units.
func (s Sale) RefundTotals() (refunded, refundable int64) {
	for _, r := range s.Refunds {
		if r.State == Refunded || r.State == RuledRefunded {
			refunded += r.Amount.Minor
		}
	}
	for _, a := range s.Attempts {
		refundable += s.Remaining(a.Reference)
	}
	return refunded, refundable
}

// Word is the state's name at the API.
func (s State) Word() string {
	switch s {
	case Doubtful:
		return "checking"
	case Cancelling, Voiding:
		return "cancelling"
	case Approved:
		return "paid"
	case Voided:
		return "cancelled"
	}
	return s.String()
}

// Word is the refund state's name at the API.
func (s RefundState) Word() string {
	switch s {
	case RefundOwed:
		return "requested"
	case RefundDoubtful:
		return "checking"
	case RuledRefused:
		return "ruled_refused"
	}
	return s.String()
}

// Apply folds one entry into the sale: the one place where a journaled fact changes what we believe.
// The till uses it on what it remembers and the store on what it projects, so the two cannot differ.
// An entry that does not fit is an error: a bug of ours or a damaged file, never an answer.
func (s *Sale) Apply(e Entry) error {
	wrong := func(why string) error { return fmt.Errorf("entry %d %s of sale %q: %s", e.Seq, e.Kind, e.Sale, why) }
	if e.Kind == SaleOpened {
		if s.ID != "" {
			return wrong("opened twice")
		}
		*s = Sale{ID: e.Sale, Day: e.Day, Created: e.At, Amount: Amount{e.Body.Amount, e.Body.Currency},
			Tip: e.Body.Tip, Ticket: e.Body.Ticket, Cashier: e.Body.Cashier, Note: e.Body.Note}
		return nil
	}
	if s.ID == "" || s.ID != e.Sale {
		return wrong("not this sale")
	}
	switch e.Kind {
	case SaleGivenUp:
		s.GivenUp = true
		return nil
	case SaleCancelled:
		s.End = EndCancelled
		return nil
	case SaleSettled:
		s.End, s.Tender = EndSettled, e.Body.Tender
		return nil
	case AttemptHeld:
		if s.InFlight() || s.Attempt(e.Reference) != nil {
			return wrong("an attempt is unfinished, or the reference is not new")
		}
		s.Attempts = append(s.Attempts, Attempt{Reference: e.Reference, Sale: s.ID, Mode: e.Body.Mode,
			Wallet: e.Body.Wallet, Amount: Amount{e.Body.Amount, e.Body.Currency}, Tip: e.Body.Tip, Last4: e.Body.Last4,
			State: Held, Started: e.At, Since: e.At})
		return nil
	case RefundAsked:
		if s.Refund(e.Reference) != nil || s.Remaining(e.Body.Attempt) < e.Body.Amount {
			return wrong("the reference is not new, or more than was paid")
		}
		s.Refunds = append(s.Refunds, Refund{ID: e.Body.Refund, Sale: s.ID, Attempt: e.Body.Attempt,
			Reference: e.Reference, Amount: Amount{e.Body.Amount, e.Body.Currency}, State: RefundOwed, Asked: e.At,
			Since: e.At, Reason: e.Body.Reason, By: e.Body.By})
		return nil
	}
	if a := s.Attempt(e.Reference); a != nil {
		if why := a.apply(e); why != "" {
			return wrong(why)
		}
		return nil
	}
	if r := s.Refund(e.Reference); r != nil {
		if why := r.apply(e); why != "" {
			return wrong(why)
		}
		return nil
	}
	return wrong("no such attempt or refund")
}

// apply folds an event into the attempt; a non-empty answer says why it does not fit.
func (a *Attempt) apply(e Entry) (why string) {
	if e.Kind == AttemptOdd {
		return ""
	}
	var ev Event
	text, ok := cutKind(e.Kind, "attempt.")
	if !ok || ev.UnmarshalText(text) != nil {
		return "unknown kind"
	}
	to, ok := a.State.Next(ev)
	if !ok {
		return "no way from " + a.State.String()
	}
	if to != a.State {
		a.State, a.Since = to, e.At
	}
	a.Last, a.Reason, a.Unconfirmed, a.Misfit = ev, e.Body.Reason, e.Body.Unconfirmed, e.Body.Misfit
	if e.Body.Theirs != "" {
		a.Theirs = e.Body.Theirs
	}
	if e.Body.Wallet != "" {
		a.Wallet = e.Body.Wallet
	}
	switch {
	case a.Theirs != "":
		a.Unfound = false
	case ev == Unfound:
		a.Unfound = true
	}
	if e.Body.QR != "" {
		a.QR = e.Body.QR
	}
	if e.Body.Paid != nil && to == Approved {
		paid := *e.Body.Paid
		a.Paid = &paid
	}
	if ev == RulePaid || ev == RuleUnpaid {
		a.By = e.Body.By
	}
	return ""
}

func (r *Refund) apply(e Entry) (why string) {
	if e.Kind == RefundOdd {
		return ""
	}
	var ev RefundEvent
	text, ok := cutKind(e.Kind, "refund.")
	if !ok || ev.UnmarshalText(text) != nil {
		return "unknown kind"
	}
	to, ok := r.State.Next(ev)
	if !ok {
		return "no way from " + r.State.String()
	}
	if to != r.State {
		r.State, r.Since = to, e.At
	}
	r.Last, r.Words, r.NotBefore = ev, e.Body.Reason, e.Body.NotBefore
	if e.Body.Theirs != "" {
		r.Theirs = e.Body.Theirs
	}
	r.Misfit = e.Body.Misfit
	r.Abnormal = ev == RefundAbnormal || (r.Abnormal && ev == RefundSilence)
	r.Unfound = ev == RefundUnfound || ev == RefundAbsent || (r.Unfound && ev == RefundSilence)
	if ev == RuleDone || ev == RuleUndone {
		r.By = e.Body.By
	}
	return ""
}

func cutKind(k Kind, prefix string) ([]byte, bool) {
	if len(k) <= len(prefix) || string(k[:len(prefix)]) != prefix {
		return nil, false
	}
	return []byte(k[len(prefix):]), true
}
