package pos

import "time"

// NewSale is what a person or the POS software asks the till to open.
type NewSale struct {
	Amount  Amount // without the tip, more than zero
	Tip     int64  // minor units, not negative
	Ticket  string
	Cashier string
	Note    string
	Confirm *Confirmation // a manager's word that this is no double
	Key     string        // idempotency key, or empty for none
	KeyHash string        // keyed hash of the request that the key stands for
}

// NewRefund is what a person asks to be given back.
type NewRefund struct {
	Sale    string
	Minor   int64 // in the sale's currency, more than zero
	Reason  string
	By      string
	Key     string // idempotency key
	KeyHash string
}

// NewClose is a person's word that the day is over.
type NewClose struct {
	By      string
	Note    string
	Key     string // idempotency key
	KeyHash string
}

// Confirmation is a person's word and reason.
type Confirmation struct {
	By  string `json:"by"`
	Why string `json:"why"`
}

// Standing is where the till stands at one instant; it is a copy.
type Standing struct {
	Ready      bool // the journal is open and sales are taken
	Connection Connection
	Armed      string    // the sale that the scanner is armed for, or empty
	ArmedUntil time.Time // when it disarms by itself
	Prompt     Prompt    // what the customer display shows
	Take       map[Wallet]string
	Unfinished int                // attempts and refunds
	Refunds    int                // of them
	Oldest     time.Time          // when the first refund of those that are at hand was asked for
	Outlooks   map[string]Outlook // by reference, for unfinished attempts and for the oldest refunds that were tried
}

// The values of Standing.Take.
const (
	TakeYes     = "yes"
	TakeNo      = "no"
	TakeUnknown = "unknown"
)

// Outlook is what the till means to do next about an unfinished attempt or refund. It lives in
// memory: after a restart the tries count from nought.
type Outlook struct {
	NeedsManager bool
	Calling      bool      // a call is under way
	Next         time.Time // the next try; zero when none is planned
	Deadline     time.Time // when the till loses patience with the shopper; zero when it has
	Tries        int
	Misses       int // calls in a row without a usable answer
}

// SaleFilter picks sales; zero fields pick all. Newest first.
type SaleFilter struct {
	Day       Date
	Status    string
	Ticket    string
	Reference string
	After     string // the id of the last sale of the page before
	Limit     int    // 1 to 200; 0 is 50
}

// Growth is what the journal got since the last one, and the sales that it is about as they stand now. Entries
// lack what was found in a reopened file: whoever must not miss a row looks at their numbers and reads the rest.
type Growth struct {
	Seq     int64 // the last number in the journal
	Entries []Entry
	Sales   map[string]Sale
}

// Waiting is a refund that has not ended, with its sale. Seq is where it was asked for: they are sent in that order.
type Waiting struct {
	Seq       int64
	Reference string
	Sale      Sale
}

// Backlog counts the refunds that have not ended.
type Backlog struct {
	Owed int // those that have not left
	Left int // those that may have
	Sums map[Currency]int64
}
