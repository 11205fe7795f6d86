package pos

import "time"

// Kind names what an entry says. Attempt and refund events are "attempt.approve", "refund.done".
type Kind string

// The kinds that are not an attempt's or a refund's event.
const (
	SaleOpened    Kind = "sale.opened"
	SaleGivenUp   Kind = "sale.given_up"   // a person asked to cancel while an attempt was unfinished
	SaleCancelled Kind = "sale.cancelled"  // nothing was taken
	SaleSettled   Kind = "sale.settled"    // paid some other way
	AttemptHeld   Kind = "attempt.started" // a code was scanned or a QR asked for
	AttemptOdd    Kind = "attempt.odd"     // an answer that the table has no place for; changes nothing
	RefundAsked   Kind = "refund.requested"
	RefundOdd     Kind = "refund.odd"
	DayOpened     Kind = "day.opened"
	DayClosed     Kind = "day.closed"

	GenerationStarted Kind = "generation.started" // a restored file was taken into service
)

// KindOf is the kind of an attempt's event.
func KindOf(e Event) Kind { return Kind("attempt." + e.String()) }

// KindOfRefund is the kind of a refund's event.
func KindOfRefund(e RefundEvent) Kind { return Kind("refund." + e.String()) }

// Entry is one row of the journal: a fact, never changed. Its body says enough to fold a report from
// a day's entries alone.
type Entry struct {
	Seq       int64     // given by the store, 1 and up, without gaps
	At        time.Time // UTC, whole milliseconds
	Day       Date      // the business day it counts in
	Sale      string    // empty for a day's entries
	Reference string    // the attempt's or refund's; empty for a sale's
	Kind      Kind
	Body      Body
}

// Carried is an unfinished attempt or refund, or an orphan, that goes from one business day into the next.
type Carried struct {
	ID       string    `json:"id"` // the attempt's reference, the refund's id
	Sale     string    `json:"sale"`
	Ticket   string    `json:"ticket,omitempty"`
	Amount   int64     `json:"amount"` // minor units
	Currency Currency  `json:"currency"`
	Refund   bool      `json:"refund,omitempty"` // not an attempt
	Orphan   bool      `json:"orphan,omitempty"` // a paid attempt's money that a manager is to send back
	State    string    `json:"state"`            // the word at the API
	Since    time.Time `json:"since"`            // when the shopper's code was scanned, or the refund asked for
	Why      string    `json:"why,omitempty"`
	Who      string    `json:"who"`          // till, shopper, acquirer or manager
	Due      time.Time `json:"due,omitzero"` // an orphan's
}

// Body is what the entry knows beside its head. Every field is optional; the comment names the kinds
// that fill it. No payment code, token or key ever stands in it.
type Body struct {
	// sale.opened: Amount excludes Tip. attempt.started, refund.requested: Amount is the charged or refunded sum.
	Amount   int64    `json:"amount,omitempty"` // minor units
	Tip      int64    `json:"tip,omitempty"`
	Currency Currency `json:"currency,omitempty"`
	Ticket   string   `json:"ticket,omitempty"`
	Cashier  string   `json:"cashier,omitempty"`
	Note     string   `json:"note,omitempty"`

	// sale.opened, refund.requested, day.closed: the idempotency key and the keyed hash of its request.
	Key     string `json:"key,omitempty"`
	KeyHash string `json:"key_hash,omitempty"`

	// attempt.started.
	Mode     Mode   `json:"mode,omitempty"`
	CodeHash string `json:"code_hash,omitempty"` // keyed; refuses a code already used
	Last4    string `json:"last4,omitempty"`

	// attempt.* and refund.* events.
	Event       string    `json:"event,omitempty"` // attempt.odd, refund.odd: what was said
	To          string    `json:"to,omitempty"`    // the state it led to, for people with a database shell
	Wallet      Wallet    `json:"wallet,omitempty"`
	Theirs      string    `json:"theirs,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	QR          string    `json:"qr,omitempty"`
	Misfit      bool      `json:"misfit,omitempty"`
	Unconfirmed bool      `json:"unconfirmed,omitempty"`
	Late        bool      `json:"late,omitempty"`   // out of a final state: an adjustment
	Orphan      string    `json:"orphan,omitempty"` // the reference of the payment that nobody wants since this entry
	Paid        *Paid     `json:"paid,omitempty"`
	NotBefore   time.Time `json:"not_before,omitzero"`

	// refund.requested.
	Refund  string `json:"refund,omitempty"`  // the refund's id
	Attempt string `json:"attempt,omitempty"` // the reference of the attempt it gives back

	// What people said: also generation.started.
	By     string `json:"by,omitempty"`
	Why    string `json:"why,omitempty"`
	Tender string `json:"tender,omitempty"` // sale.settled

	// generation.started: how often the file was restored; Z is the highest number that may have been given.
	Generation int `json:"generation,omitempty"`

	// day.closed.
	Z    int    `json:"z,omitempty"`
	Rows int64  `json:"rows,omitempty"` // journal rows before this one
	Head string `json:"head,omitempty"` // hex of the chain at that row

	// day.opened, day.closed: what was unfinished then, oldest first.
	Carried []Carried `json:"unfinished,omitempty"`
}
