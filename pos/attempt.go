package pos

import (
	"fmt"
	"time"
)

// State says where one payment attempt stands; each comment says who acts next. It is derived from
// journaled events and stored by name.
type State uint8

const (
	Held        State = iota + 1 // till: nothing left this machine; send when the line is back
	Sent                         // acquirer: journaled just before the first byte
	Awaiting                     // shopper: a password on the phone, or our QR on the display
	Doubtful                     // till: ask, or search, until told
	Cancelling                   // till: a cancel is owed, none has left; here "paid" wins
	Voiding                      // acquirer: a cancel has left; only its answer ends this
	Unsent                       // nobody: certain that nothing was charged
	Declined                     // nobody: a verified refusal
	Voided                       // nobody: closed, any money returned
	RuledUnpaid                  // nobody: a manager's word, open to proof
	RuledPaid                    // nobody: a manager's word, open to proof
	Approved                     // nobody: the money moved, and we verified it
)

var stateNames = [...]string{
	"", "held", "sent", "awaiting", "doubtful", "cancelling", "voiding",
	"unsent", "declined", "voided", "ruled_unpaid", "ruled_paid", "approved",
}

// Event is a fact learned about an attempt. Events are journaled; states are derived.
type Event uint8

const (
	Leave       Event = iota + 1 // the connection is open and the charge is about to go
	NotLeft                      // leaving was called, but a witness counted zero bytes out
	Lapse                        // the code's life or the process ended before anything left
	Unshown                      // a QR whose answer never came: no shopper can have seen it
	Approve                      // the acquirer says paid, with proof
	Decline                      // the acquirer's verified refusal
	Pend                         // the acquirer waits for the shopper
	Close                        // ended at the acquirer, any money returned
	Silence                      // no usable answer: a time-out, a cut line, garbage, our own restart
	Absent                       // the acquirer says it never heard of the attempt; moves nothing
	Unfound                      // a search found nothing surely ours; moves nothing
	GiveUp                       // the cashier's or the till's patience is over
	CancelLeave                  // a cancel is about to go
	TooLate                      // a cancel was refused because the shopper had paid
	Vanished                     // absent twice, settle time apart, after a cancel has left
	RulePaid                     // a manager's word
	RuleUnpaid                   // a manager's word
)

var eventNames = [...]string{
	"", "leave", "not_left", "lapse", "unshown", "approve", "decline", "pend", "close", "silence", "absent",
	"unfound", "give_up", "cancel_leave", "too_late", "vanished", "rule_paid", "rule_unpaid",
}

// next is the whole life of an attempt, one row a state. Absent never moves a state: patience does.
var next = [...]map[Event]State{
	Held: {Leave: Sent, Lapse: Unsent, GiveUp: Unsent},
	Sent: {Approve: Approved, Decline: Declined, Pend: Awaiting, Close: Voided, Silence: Doubtful, Absent: Sent,
		NotLeft: Held, Unshown: Unsent, GiveUp: Cancelling},
	Awaiting: {Approve: Approved, Decline: Declined, Pend: Awaiting, Close: Voided, Silence: Doubtful,
		Absent: Awaiting, GiveUp: Cancelling},
	Doubtful: {Approve: Approved, Decline: Declined, Pend: Awaiting, Close: Voided, Silence: Doubtful,
		Absent: Doubtful, Unfound: Doubtful, NotLeft: Unsent, Unshown: Unsent, GiveUp: Cancelling,
		RulePaid: RuledPaid, RuleUnpaid: RuledUnpaid},
	Cancelling: {Approve: Approved, Decline: Declined, Close: Voided, Pend: Cancelling, Silence: Cancelling,
		Absent: Cancelling, Unfound: Cancelling, GiveUp: Cancelling, NotLeft: Unsent, Unshown: Unsent,
		CancelLeave: Voiding, RulePaid: RuledPaid, RuleUnpaid: RuledUnpaid},
	Voiding: {Close: Voided, TooLate: Approved, Decline: Declined, Vanished: Voided, Approve: Voiding, Pend: Voiding,
		Silence: Voiding, Absent: Voiding, Unfound: Voiding, GiveUp: Voiding, CancelLeave: Voiding,
		RulePaid: RuledPaid, RuleUnpaid: RuledUnpaid},
	Unsent:      {Approve: Approved},
	Declined:    {Approve: Approved},
	Voided:      {Approve: Approved},
	RuledUnpaid: {Approve: Approved, Decline: Declined, Close: Voided, RulePaid: RuledPaid},
	RuledPaid:   {Approve: Approved, Decline: Declined, Close: Voided, RuleUnpaid: RuledUnpaid},
	Approved:    {},
}

// Next returns the state that e leads to. A pair that is not in the table is refused for a command
// and is an oddity, never a crash, for an answer.
func (s State) Next(e Event) (to State, ok bool) {
	if int(s) >= len(next) {
		return 0, false
	}
	to, ok = next[s][e]
	return to, ok
}

// Final reports whether nobody acts next. A final state may still rise: late money is never dropped.
func (s State) Final() bool { return s >= Unsent }

// Rank never falls: unfinished 0, final but open to proof 1, approved 2.
func (s State) Rank() int {
	switch {
	case s == Approved:
		return 2
	case s.Final():
		return 1
	}
	return 0
}

// Restart is what a restart means to an attempt that was found unfinished: a held code is lost with
// the memory it lived in, a QR is shown only after its answer is journaled, all else is silence.
func (s State) Restart(m Mode) Event {
	switch {
	case s == Held:
		return Lapse
	case s == Sent && m == Present:
		return Unshown
	}
	return Silence
}

// Duty is the call the till owes.
type Duty uint8

// The duties. DutyCancel in Cancelling asks once more first.
const (
	DutyNone   Duty = iota // final, or nobody can be asked
	DutySend               // charge, when the line is there
	DutyAsk                // inquire
	DutySearch             // look for the acquirer's id
	DutyCancel             // cancel
)

// Duty is the call the till owes an attempt in state s, now and after every restart. named reports
// whether the acquirer's own id is known.
func (s State) Duty(can Capabilities, named bool) Duty {
	askable := named || can.ByReference
	switch s {
	case Held:
		return DutySend
	case Awaiting, Doubtful:
		if askable {
			return DutyAsk
		}
	case Cancelling, Voiding:
		if askable {
			return DutyCancel
		}
	default:
		return DutyNone // Sent: its own call is under way
	}
	if can.Searchable {
		return DutySearch
	}
	return DutyNone
}

// Whose says whose move it is: "till", "shopper" or "acquirer"; "" once final. A manager's move is a
// matter of NeedsManager, not of the state.
func (s State) Whose() string {
	switch s {
	case Held, Doubtful, Cancelling:
		return "till"
	case Awaiting:
		return "shopper"
	case Sent, Voiding:
		return "acquirer"
	}
	return ""
}

// Mode is how the shopper pays: their code scanned by us, or our QR scanned by them.
type Mode string

// The modes.
const (
	ByScan  Mode = "scan"
	Present Mode = "present"
)

// Attempt is one try to pay a sale. Times are UTC.
type Attempt struct {
	Reference   string    // ours at the acquirer, unique for ever
	Sale        string    // the sale it tries to pay
	Mode        Mode      // scan or present
	Wallet      Wallet    // as read from the code, later as the acquirer names it
	Amount      Amount    // charged: the sale's amount and tip
	Tip         int64     // minor units inside Amount
	Last4       string    // of the scanned code
	State       State     // derived
	Started     time.Time // when the code was scanned or the QR asked for
	Since       time.Time // when State began
	Theirs      string    // the acquirer's own id, opaque
	Last        Event     // the last journaled event
	Reason      string    // why the last event: a word of ours or of the acquirer
	Unfound     bool      // the last search found nothing surely ours
	Misfit      bool      // the acquirer refuses our set-up: it cannot be asked
	Unconfirmed bool      // a decline that no inquiry confirmed
	QR          string    // the text to show; shown only while the shopper may still scan it
	By          string    // who ruled
	Paid        *Paid     // once approved
}

// Paid is what an acquirer said about money that moved.
type Paid struct {
	At         time.Time `json:"at"`
	Amount     int64     `json:"amount"`   // minor units
	Currency   Currency  `json:"currency"` // the sale's
	Tip        int64     `json:"tip,omitempty"`
	Wallet     Wallet    `json:"wallet,omitempty"`
	Shopper    *Shopper  `json:"shopper"`
	Promotions []string  `json:"promotions"`
}

// Shopper is what the wallet took from the shopper, where the acquirer says so.
type Shopper struct {
	Amount   int64    `json:"amount"`
	Currency Currency `json:"currency"`
	Rate     string   `json:"rate"`
}

// ManagerAfter is the age after which an unfinished attempt needs a manager.
const ManagerAfter = 72 * time.Hour

// NeedsManager reports whether only a person can settle the attempt: nobody can be asked and no
// search found it, the acquirer refuses our set-up or does not know what we cancel, or it is older than
// ManagerAfter.
func (a Attempt) NeedsManager(can Capabilities, now time.Time) bool {
	switch a.State {
	case Doubtful, Cancelling, Voiding:
	default:
		return false
	}
	if a.Misfit || now.Sub(a.Started) > ManagerAfter {
		return true
	}
	if a.State == Voiding && a.Last == Absent && can.Settle == 0 {
		return true // its books never settle: "never heard of it" can be believed by nobody but a person
	}
	if a.Theirs != "" || can.ByReference {
		return false
	}
	return !can.Searchable || a.Unfound
}

func (s State) String() string { return name(stateNames[:], uint8(s), "state") }
func (e Event) String() string { return name(eventNames[:], uint8(e), "event") }

// MarshalText and UnmarshalText keep states and events readable wherever they are stored.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
func (e Event) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

func (s *State) UnmarshalText(b []byte) error { return parse(stateNames[:], b, (*uint8)(s)) }
func (e *Event) UnmarshalText(b []byte) error { return parse(eventNames[:], b, (*uint8)(e)) }

func name(names []string, i uint8, what string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

func parse(names []string, b []byte, to *uint8) error {
	for i, n := range names {
		if n == string(b) {
			*to = uint8(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not one of %q", b, names[1:])
}
