package pos

import "time"

// RefundState says where a refund stands; each comment says who acts next.
type RefundState uint8

const (
	RefundOwed       RefundState = iota + 1 // till: send when the line allows
	RefundSent                              // acquirer: journaled just before the first byte
	RefundProcessing                        // acquirer: accepted, money under way
	RefundDoubtful                          // till: look up by the refund's own number
	Refused                                 // nobody: a verified refusal
	Withdrawn                               // nobody: never left
	RuledRefused                            // nobody: a manager's word, open to proof
	RuledRefunded                           // nobody: a manager's word, open to proof
	Refunded                                // nobody: the money went back, and we verified it
)

var refundStateNames = [...]string{
	"", "owed", "sent", "processing", "doubtful", "refused", "withdrawn", "ruled_refused", "ruled_refunded", "refunded",
}

// RefundEvent is a fact learned about a refund.
type RefundEvent uint8

const (
	RefundLeave    RefundEvent = iota + 1 // about to go, or to go again where that is safe
	RefundNotLeft                         // zero bytes went out
	RefundWithdraw                        // a person took it back before it left
	RefundLapse                           // 24 h without leaving, or a restored file
	RefundDone                            // money back, with proof
	RefundAccept                          // taken on, not done yet
	RefundRefuse                          // a verified refusal
	RefundDefer                           // not now, same number later
	RefundSilence                         // no usable answer
	RefundAbsent                          // never heard of it
	RefundUnfound                         // a search found nothing surely ours
	RefundAbnormal                        // the acquirer needs a person on its side
	RuleDone                              // a manager's word
	RuleUndone                            // a manager's word
)

var refundEventNames = [...]string{
	"", "leave", "not_left", "withdraw", "lapse", "done", "accept", "refuse", "defer", "silence", "absent", "unfound",
	"abnormal", "rule_done", "rule_undone",
}

// nextRefund is the whole life of a refund, one row a state.
var nextRefund = [...]map[RefundEvent]RefundState{
	RefundOwed: {RefundLeave: RefundSent, RefundWithdraw: Withdrawn, RefundLapse: Withdrawn, RefundSilence: RefundOwed},
	RefundSent: {RefundDone: Refunded, RefundAccept: RefundProcessing, RefundRefuse: Refused, RefundDefer: RefundOwed,
		RefundNotLeft: RefundOwed, RefundSilence: RefundDoubtful, RefundAbsent: RefundSent},
	RefundProcessing: {RefundDone: Refunded, RefundRefuse: Refused, RefundAccept: RefundProcessing,
		RefundSilence: RefundProcessing, RefundUnfound: RefundProcessing, RefundAbnormal: RefundProcessing,
		RefundAbsent: RefundDoubtful, RuleDone: RuledRefunded, RuleUndone: RuledRefused},
	RefundDoubtful: {RefundDone: Refunded, RefundAccept: RefundProcessing, RefundRefuse: Refused,
		RefundLeave: RefundDoubtful, RefundNotLeft: RefundDoubtful, RefundDefer: RefundDoubtful,
		RefundSilence: RefundDoubtful, RefundAbsent: RefundDoubtful, RefundUnfound: RefundDoubtful,
		RefundAbnormal: RefundDoubtful, RuleDone: RuledRefunded, RuleUndone: RuledRefused},
	Refused:       {RefundDone: Refunded},
	Withdrawn:     {RefundDone: Refunded},
	RuledRefunded: {RefundDone: Refunded, RefundRefuse: Refused, RuleUndone: RuledRefused},
	RuledRefused:  {RefundDone: Refunded, RefundRefuse: Refused, RuleDone: RuledRefunded},
	Refunded:      {},
}

// Next returns the state that e leads to; see State.Next.
func (s RefundState) Next(e RefundEvent) (to RefundState, ok bool) {
	if int(s) >= len(nextRefund) {
		return 0, false
	}
	to, ok = nextRefund[s][e]
	return to, ok
}

// Final reports whether nobody acts next.
func (s RefundState) Final() bool { return s >= Refused }

// Rank never falls: unfinished 0, final but open to proof 1, refunded 2.
func (s RefundState) Rank() int {
	switch {
	case s == Refunded:
		return 2
	case s.Final():
		return 1
	}
	return 0
}

// Restart is what a restart means to an unfinished refund. Only a sent one changes: its answer is lost.
func (s RefundState) Restart() RefundEvent { return RefundSilence }

// Binds reports whether a refund in state s uses up money of the sale: all that may still go, or went.
func (s RefundState) Binds() bool {
	switch s {
	case Refused, Withdrawn, RuledRefused:
		return false
	}
	return true
}

// Whose says whose move it is: "till" or "acquirer"; "" once final.
func (s RefundState) Whose() string {
	switch s {
	case RefundOwed, RefundDoubtful:
		return "till"
	case RefundSent, RefundProcessing:
		return "acquirer"
	}
	return ""
}

// RefundLapsesAfter is how long a refund waits to leave before it is withdrawn: the shopper and the
// price may be others by then.
const RefundLapsesAfter = 24 * time.Hour

// Refund is money on its way back to the shopper.
type Refund struct {
	ID        string
	Sale      string
	Attempt   string // the reference of the attempt it gives back
	Reference string // ours at the acquirer, unique for ever
	Amount    Amount
	State     RefundState
	Asked     time.Time // when a person asked for it
	Since     time.Time
	NotBefore time.Time // after a Defer
	Theirs    string    // the acquirer's id of the refund
	Last      RefundEvent
	Reason    string // why the shopper gets money back
	Words     string // why the last event
	By        string
	Abnormal  bool // the acquirer needs a person on its side
	Unfound   bool // the last look-up found nothing surely ours
	Misfit    bool // the acquirer refuses our set-up: it cannot be asked
}

// Duty is the call the till owes: send, or ask. A refund that may have left is sent again only where the
// dialect knows its number again and nobody found it; everywhere else that could give the money twice.
func (r Refund) Duty(can Capabilities) Duty {
	switch r.State {
	case RefundOwed:
		return DutySend
	case RefundProcessing:
		return DutyAsk
	case RefundDoubtful:
		if can.RefundIdempotent && (r.Last == RefundAbsent || r.Last == RefundUnfound || r.Last == RefundDefer) {
			return DutySend
		}
		return DutyAsk
	}
	return DutyNone
}

// NeedsManager reports whether only a person can settle the refund: it was looked for and not found where
// it must not be sent again, the acquirer asks for a person, refuses our set-up, or says nothing for
// ManagerAfter.
func (r Refund) NeedsManager(can Capabilities, now time.Time) bool {
	switch r.State {
	case RefundProcessing:
		return r.Abnormal || r.Misfit || now.Sub(r.Asked) > ManagerAfter
	case RefundDoubtful:
		return r.Abnormal || r.Misfit || now.Sub(r.Asked) > ManagerAfter || (!can.RefundIdempotent && r.Unfound)
	}
	return false
}

func (s RefundState) String() string { return name(refundStateNames[:], uint8(s), "refund state") }
func (e RefundEvent) String() string { return name(refundEventNames[:], uint8(e), "refund event") }

// MarshalText and UnmarshalText keep states and events readable wherever they are stored.
func (s RefundState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
func (e RefundEvent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

func (s *RefundState) UnmarshalText(b []byte) error {
	return parse(refundStateNames[:], b, (*uint8)(s))
}

func (e *RefundEvent) UnmarshalText(b []byte) error {
	return parse(refundEventNames[:], b, (*uint8)(e))
}
