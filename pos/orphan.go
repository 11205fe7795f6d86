package pos

import (
	"cmp"
	"slices"
	"time"
)

// OrphanDueAfter is how long a manager has to send an orphan back: by then the shopper has seen it taken.
const OrphanDueAfter = 24 * time.Hour

// Why money is an orphan: how the sale had ended without it, or that it was paid before.
const (
	OrphanCancelled = EndCancelled
	OrphanSettled   = EndSettled
	OrphanTwice     = "twice"
)

// Orphan is money on a sale that does not want it. A refund of Left is proposed; a manager confirms it by asking
// for it.
type Orphan struct {
	Sale    string
	Ticket  string
	Attempt string // the reference of what was paid
	Why     string
	Amount  Amount    // what has not gone back
	Left    int64     // of it, what no refund is under way for; minor units
	Since   time.Time // when the money was there and nobody wanted it
	Due     time.Time
}

// Orphans is the money that came in on this sale and that it does not want, while it has not gone back: on a sale
// that ended otherwise, or a second time. What a manager ruled paid counts as paid.
func (s Sale) Orphans() []Orphan {
	isPaid := func(a Attempt) bool { return a.State == Approved || a.State == RuledPaid }
	if s.End == "" && len(s.Attempts) < 2 || !slices.ContainsFunc(s.Attempts, isPaid) {
		return nil // as nearly every sale; it is asked of each, often
	}
	paid := slices.DeleteFunc(slices.Clone(s.Attempts), func(a Attempt) bool { return !isPaid(a) })
	if len(paid) == 1 && s.End == "" {
		return nil
	}
	// What was only ruled comes first: the proposed refund is of money that is proved, as far as there is some.
	slices.SortStableFunc(paid, func(a, b Attempt) int {
		return cmp.Or(cmp.Compare(a.State.Rank(), b.State.Rank()), a.Since.Compare(b.Since))
	})
	wanted, why := s.wanted(paid), s.End
	if why == "" {
		why = OrphanTwice
	}
	var orphans []Orphan
	since := time.Time{}
	for _, a := range paid {
		if a.Since.After(since) {
			since = a.Since // the second payment made the first one too many
		}
		left := a.Amount.Minor - s.returned(a.Reference)
		if a.Reference == wanted || left <= 0 {
			continue
		}
		orphans = append(orphans, Orphan{Sale: s.ID, Ticket: s.Ticket, Attempt: a.Reference, Why: why, Amount: Amount{left, a.Amount.Currency},
			Left: s.Remaining(a.Reference), Since: since, Due: since.Add(OrphanDueAfter)})
	}
	return orphans
}

// wanted is the payment that the sale keeps: the first. Where that went back while another one was there already,
// the other is kept; what comes after the money went back is wanted by nobody.
func (s Sale) wanted(paid []Attempt) string {
	if s.End != "" {
		return ""
	}
	for i, a := range paid {
		if s.returned(a.Reference) < a.Amount.Minor {
			return a.Reference
		}
		if i+1 < len(paid) && paid[i+1].Since.After(s.wentBack(a.Reference)) {
			return ""
		}
	}
	return ""
}

// wentBack is when the last refund of an attempt was done.
func (s Sale) wentBack(reference string) (at time.Time) {
	for _, r := range s.Refunds {
		if r.Attempt == reference && (r.State == Refunded || r.State == RuledRefunded) && r.Since.After(at) {
			at = r.Since
		}
	}
	return at
}

// Orphan reports whether money came in that this sale does not want, and has not all gone back.
func (s Sale) Orphan() bool { return len(s.Orphans()) > 0 }

// Proposed is those of its orphans that wait for a manager's word.
func (s Sale) Proposed() []Orphan {
	return slices.DeleteFunc(s.Orphans(), func(o Orphan) bool { return o.Left <= 0 })
}

// Pressing reports whether the sale must be known before another one is taken: an attempt is unfinished, or an
// orphan waits for a manager.
func (s *Sale) Pressing() bool { return s.InFlight() || len(s.Proposed()) > 0 }

// Owing reports whether anybody still has to do something about the sale: it is pressing, or a refund is unfinished.
func (s *Sale) Owing() bool {
	return s.Pressing() || slices.ContainsFunc(s.Refunds, func(r Refund) bool { return !r.State.Final() })
}

// Unwanted is the reference of the money that e, an entry about this sale, would make an orphan; or empty.
func (s Sale) Unwanted(e Entry) string {
	if s.End == "" && !s.Settled() {
		return ""
	}
	before := s.Orphans()
	s.Attempts, s.Refunds = slices.Clone(s.Attempts), slices.Clone(s.Refunds)
	if s.Apply(e) != nil {
		return ""
	}
	for _, o := range s.Orphans() {
		if !slices.ContainsFunc(before, func(b Orphan) bool { return b.Attempt == o.Attempt }) {
			return o.Attempt
		}
	}
	return ""
}
