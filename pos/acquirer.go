package pos

import (
	"context"
	"slices"
	"time"
)

// An Acquirer moves money. A decline is an answer, not an error; so is every doubt that has a name.
// An error always means Silence: nothing usable came back. A client is a translator: it does not
// retry, keeps no sale and decides nothing; one method may make several calls to reach one answer.
// All methods may be called from several goroutines.
type Acquirer interface {
	// Can states what the dialect is able to do. It never changes while the process runs.
	Can() Capabilities

	// Ready opens a fresh connection and proves the credentials. It moves no money.
	Ready(ctx context.Context) error

	// Charge asks for the money behind a scanned code. It calls leaving exactly once, with the
	// connection open, before the first byte goes out; if leaving fails nothing is sent. If leaving
	// was never called the error says so by that alone: nothing left. If it was called and a witness
	// counted zero bytes out, the answer is NotLeft.
	Charge(ctx context.Context, c Charge, leaving func() error) (Answer, error)

	// Present asks for a QR that the shopper scans; Pend carries it in Answer.QR. leaving as in Charge.
	Present(ctx context.Context, a Attempt, leaving func() error) (Answer, error)

	// Inquire asks what became of a, by its Theirs or, where the dialect can, by its Reference.
	Inquire(ctx context.Context, a Attempt) (Answer, error)

	// Search looks for the acquirer's id of an attempt whose answer was lost. It answers Pend with
	// Theirs when exactly one record is surely ours (whatever its fate: only Inquire decides), else
	// Unfound.
	Search(ctx context.Context, a Attempt) (Answer, error)

	// Cancel closes a. It answers Close (closed, any money returned) or TooLate (paid); a refused
	// cancel costs one inquiry inside.
	Cancel(ctx context.Context, a Attempt) (Answer, error)

	// Refund gives r back out of the paid attempt a; leaving as in Charge.
	Refund(ctx context.Context, a Attempt, r Refund, leaving func() error) (RefundAnswer, error)

	// InquireRefund asks what became of r.
	InquireRefund(ctx context.Context, a Attempt, r Refund) (RefundAnswer, error)
}

// Charge is one request for money.
type Charge struct {
	Attempt
	Code Code
}

// Answer is what a call taught us: an event, and the acquirer's own id if it said one.
type Answer struct {
	Event       Event
	Theirs      string
	Reason      string      // a word of ours ("amount_differs", "expired_code") or the acquirer's code; never its free text
	Paid        *Paid       // with Approve and TooLate
	Wallet      Wallet      // when the acquirer names one
	QR          string      // with Pend after Present
	Misfit      bool        // our credentials, contract or clock are refused: asking again will not help
	Unconfirmed bool        // a Decline that no inquiry confirmed
	Trouble     TroubleCode // what a person should know, or empty
	Date        time.Time   // the acquirer's clock, when it said
}

// RefundAnswer is the same for a refund.
type RefundAnswer struct {
	Event     RefundEvent
	Theirs    string
	Reason    string
	NotBefore time.Time // with RefundDefer
	Misfit    bool
	Trouble   TroubleCode
}

// Capabilities is what a dialect can do; the till decides from these, never from its name.
type Capabilities struct {
	Dialect          string
	Scans            bool // charges a scanned code
	Presents         bool // makes QRs
	ByReference      bool // can be asked and cancelled by our reference alone
	Searchable       bool // can find its own id from reference, total and time
	CancelReturns    bool // a cancel of a paid attempt gives the money back
	RefundIdempotent bool // a refund may be sent again with its number
	RefundsAtOnce    int  // calls about refunds that may be under way together; 0 is one after another
	Currencies       []Currency
	Wallets          []Wallet
	Settle           time.Duration // after which "never heard of it" can be believed; 0 never
	Paces            map[Wallet]Pace
	Pace             Pace // for wallets that Paces does not name
}

// Pace is how a wallet wants to be treated.
type Pace struct {
	Ask         time.Duration // between inquiries while the shopper is present
	Patience    time.Duration // how long the shopper may take before the till gives up
	CancelAfter time.Duration // the youngest attempt that may be cancelled
}

// PaceOf returns how the wallet wants to be treated.
func (c Capabilities) PaceOf(w Wallet) Pace {
	if p, ok := c.Paces[w]; ok {
		return p
	}
	return c.Pace
}

// Takes reports whether the dialect charges this wallet.
func (c Capabilities) Takes(w Wallet) bool { return slices.Contains(c.Wallets, w) }
