// Package report folds a business day's entries into the figures a store manager answers for, and
// writes them for a person.
//
// It keeps nothing: the same entries always give the same report, so no figure can differ from the
// journal. It reads no clock, asks nobody, and does not know what is open now: those items are handed
// in, because they live with the till. A sum that does not fit is an error, never a wrong figure.
package report

import (
	"time"

	"posd/pos"
)

// Report is a business day in figures: an X while the day is open, a Z once it is closed. Its JSON is
// the Day of the local API.
//
// What counts, and where:
//
//   - Money counts in the day its entry is journaled, once: an attempt when it becomes approved, a
//     refund when its money has gone back.
//   - Net = sales + tips - refunds. Sales are without tips.
//   - A manager's ruling is no money: it stands in Ruled and never in Net. A ruling that was taken
//     back or proved on the same day is gone from Ruled; one proved on a later day stays where it was
//     ruled, and the proof stands in the money and the adjustments of the later day.
//   - A decline that no inquiry confirmed counts in Failed and, while nothing better is known, in
//     Unconfirmed.
//   - An orphan is money like any other, in the totals of the day it came in, and named in Orphans.
//   - An adjustment tells of an entry that changed what had ended; its money is in the totals already.
type Report struct {
	Store    string `json:"store,omitempty"`    // handed in
	Register string `json:"register,omitempty"` // handed in
	Zone     string `json:"zone,omitempty"`     // handed in: the store's, such as America/New_York

	Day         pos.Date     `json:"day"`
	Z           *int         `json:"z"`
	Opened      *time.Time   `json:"opened"`
	Closed      *time.Time   `json:"closed"`
	By          string       `json:"by"`
	Note        string       `json:"note,omitempty"`
	Totals      []Total      `json:"totals"`
	NotFinal    []Item       `json:"not_final"` // of an open day handed in; of a closed one as its close has it
	Failed      []Failure    `json:"failed"`
	CarriedIn   []string     `json:"carried_in"` // unfinished when the day opened
	CarriedOut  []string     `json:"carried_out"`
	Adjustments []Adjustment `json:"adjustments"`
	Orphans     []Orphan     `json:"orphans"` // money that came in on this day and that no sale wanted
	Chain       Chain        `json:"chain"`

	Net         []pos.Amount  `json:"net"` // of all wallets, one a currency
	Ruled       []Ruled       `json:"ruled"`
	Unconfirmed []Unconfirmed `json:"unconfirmed"`
	Counts      Counts        `json:"counts"`
	People      []Person      `json:"people"`
	Hours       []Hour        `json:"hours"`
	Refunds     []Giving      `json:"refunds"`
	Deeds       []Deed        `json:"deeds"`
	Promotions  []Promotion   `json:"promotions"`
	ChinaDays   []pos.Date    `json:"china_days"` // the days in China that this day's money settles in
}

// Sum is how many, and how much in minor units.
type Sum struct {
	N      int   `json:"n"`
	Amount int64 `json:"amount"`
}

// Total is the money of one wallet in one currency.
type Total struct {
	Currency pos.Currency `json:"currency"`
	Wallet   pos.Wallet   `json:"wallet"`
	Sales    Sum          `json:"sales"` // without tips
	Tips     Sum          `json:"tips"`
	Refunds  Sum          `json:"refunds"`
	Net      int64        `json:"net"`
	Shopper  []Shopper    `json:"shopper"` // what the wallets took, where the acquirer said so
}

// Shopper is what shoppers paid in a currency of theirs.
type Shopper struct {
	Currency pos.Currency `json:"currency"`
	Sum
	Charged int64 `json:"charged"` // what the store charged for the same payments, in the total's currency
}

// Ruled is what managers ruled on and nothing has proved yet. None of it is in Net.
type Ruled struct {
	Currency pos.Currency `json:"currency"`
	Wallet   pos.Wallet   `json:"wallet"`
	Paid     Sum          `json:"paid"`
	Unpaid   Sum          `json:"unpaid"`
	Refunded Sum          `json:"refunded"`
	Refused  Sum          `json:"refused"`
}

// Unconfirmed is what was declined without an inquiry that confirmed it.
type Unconfirmed struct {
	Currency pos.Currency `json:"currency"`
	Wallet   pos.Wallet   `json:"wallet"`
	Sum
}

// Failure counts the declines for one reason.
type Failure struct {
	Reason string `json:"reason"`
	N      int    `json:"n"`
}

// Adjustment is an entry that changed what had ended: late money, or proof against a ruling.
type Adjustment struct {
	At        time.Time    `json:"at"`
	Of        pos.Date     `json:"of,omitempty"` // the business day of what it changed
	Sale      string       `json:"sale"`
	Reference string       `json:"reference"`
	Kind      pos.Kind     `json:"kind"`
	Wallet    pos.Wallet   `json:"wallet"`
	Amount    int64        `json:"amount"` // charged, tip included
	Currency  pos.Currency `json:"currency"`
	Net       int64        `json:"net"` // what this entry put into Net: 0 where no money moved
}

// Orphan is money that no sale wanted when it came: the sale had ended otherwise, or was paid before. Its money is
// in the totals; what has not gone back stands in NotFinal too.
type Orphan struct {
	At        time.Time    `json:"at"`
	Sale      string       `json:"sale"`
	Ticket    string       `json:"ticket"`
	Reference string       `json:"reference"`
	Wallet    pos.Wallet   `json:"wallet"`
	Amount    int64        `json:"amount"` // charged, tip included
	Currency  pos.Currency `json:"currency"`
	Due       time.Time    `json:"due"` // when it should have gone back
}

// Counts counts what happened beside the money.
type Counts struct {
	Opened    int `json:"opened"`    // sales
	Cancelled int `json:"cancelled"` // sales
	Settled   int `json:"settled"`   // sales, some other way
	Attempts  int `json:"attempts"`
	Declined  int `json:"declined"` // attempts
	Voided    int `json:"voided"`   // attempts closed at the acquirer
	Unsent    int `json:"unsent"`   // attempts that never left
	Odd       int `json:"odd"`      // answers of the acquirer that fit nothing; they changed nothing
}

// Person is what one cashier took.
type Person struct {
	Cashier  string       `json:"cashier"`
	Currency pos.Currency `json:"currency"`
	Sales    Sum          `json:"sales"`
	Tips     Sum          `json:"tips"`
}

// Hour counts the payments that were approved in the hour that begins at From.
type Hour struct {
	From time.Time    `json:"from"`
	N    int          `json:"n"`
	Sums []pos.Amount `json:"sums"` // charged, tips included
}

// Chain ties the report to the journal.
type Chain struct {
	Rows int64  `json:"rows"`
	Head string `json:"head"`
}

// Kinds of items.
const (
	ItemAttempt = "attempt"
	ItemRefund  = "refund"
	ItemOrphan  = "orphan" // a paid attempt's money, for which a refund is proposed
)

// Item is an unfinished attempt or refund, or an orphan, as the queue shows it.
type Item struct {
	Kind     string       `json:"kind"` // attempt, refund or orphan
	ID       string       `json:"id"`   // the attempt's reference, the refund's id
	Sale     string       `json:"sale"`
	Ticket   string       `json:"ticket"`
	Amount   int64        `json:"amount"`
	Currency pos.Currency `json:"currency"`
	State    string       `json:"state"` // the word at the API
	Since    time.Time    `json:"since"`
	NextTry  *time.Time   `json:"next_try"`
	Tries    int          `json:"tries"`
	Why      string       `json:"why"`
	Who      string       `json:"who"`           // till, shopper, acquirer or manager
	Due      *time.Time   `json:"due,omitempty"` // when an orphan should have gone back
}

// OrphanItem is an orphan in the queue: a manager's move.
func OrphanItem(o pos.Orphan) Item {
	due := o.Due.UTC().Truncate(time.Millisecond)
	return Item{Kind: ItemOrphan, ID: o.Attempt, Sale: o.Sale, Ticket: o.Ticket, Amount: o.Left, Currency: o.Amount.Currency, State: "orphan",
		Since: o.Since, Why: "orphan_" + o.Why, Who: "manager", Due: &due}
}
