package api

import (
	"strconv"
	"time"

	"posd/pos"
	"posd/pos/report"
)

// stamp is an instant as the API writes it: RFC 3339, UTC, milliseconds. Zero is null.
type stamp time.Time

func (t stamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// UnmarshalText reads what MarshalText wrote: the shapes serve clients in Go too.
func (t *stamp) UnmarshalText(b []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(b))
	*t = stamp(at)
	return err
}

func at(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

// Sale is a sale as the API shows it.
type Sale struct {
	ID           string       `json:"id"`
	Day          pos.Date     `json:"day"`
	Created      *stamp       `json:"created"`
	Amount       int64        `json:"amount"`
	Tip          int64        `json:"tip"`
	Charged      int64        `json:"charged"`
	Currency     pos.Currency `json:"currency"`
	Ticket       string       `json:"ticket"`
	Cashier      string       `json:"cashier"`
	Note         string       `json:"note"`
	Status       string       `json:"status"`
	Open         bool         `json:"open"` // may still be paid
	NeedsManager bool         `json:"needs_manager"`
	Say          string       `json:"say"`
	Refunded     int64        `json:"refunded"`
	Refundable   int64        `json:"refundable"`
	Tender       string       `json:"tender,omitempty"`
	Orphan       bool         `json:"orphan,omitempty"`
	Orphans      []Orphan     `json:"orphans,omitempty"`
	Attempts     []Attempt    `json:"attempts"`
	Refunds      []Refund     `json:"refunds"`
}

// Orphan is money that the sale does not want and that has not gone back. Proposed is what a manager is to confirm
// by asking for a refund; 0 while one is under way.
type Orphan struct {
	Reference string       `json:"reference"` // the attempt's
	Why       string       `json:"why"`       // cancelled, settled or twice
	Say       string       `json:"say"`
	Amount    int64        `json:"amount"`
	Proposed  int64        `json:"proposed"`
	Currency  pos.Currency `json:"currency"`
	Since     *stamp       `json:"since"`
	Due       *stamp       `json:"due"`
}

// Attempt is one try to pay, as the API shows it.
type Attempt struct {
	Reference    string     `json:"reference"`
	Mode         pos.Mode   `json:"mode"`
	Wallet       pos.Wallet `json:"wallet"`
	Code         string     `json:"code,omitempty"`
	State        string     `json:"state"`
	NeedsManager bool       `json:"needs_manager"`
	Since        *stamp     `json:"since"`
	Deadline     *stamp     `json:"deadline"`
	AcquirerID   string     `json:"acquirer_id"`
	NextTry      *stamp     `json:"next_try"`
	LastEvent    string     `json:"last_event"`
	Reason       string     `json:"reason"`
	Unconfirmed  bool       `json:"unconfirmed,omitempty"`
	By           string     `json:"by,omitempty"`
	QR           string     `json:"qr,omitempty"`
	Paid         *Paid      `json:"paid"`
}

// Paid is what the acquirer said about money that moved.
type Paid struct {
	At         *stamp       `json:"at"`
	Amount     int64        `json:"amount"`
	Currency   pos.Currency `json:"currency"`
	Shopper    *pos.Shopper `json:"shopper"`
	Promotions []string     `json:"promotions"`
}

// sale shapes a sale for a reader of lang. The till's outlook fills what the journal does not know.
func (s *Server) sale(x pos.Sale, lang string, now time.Time, outlooks map[string]pos.Outlook) Sale {
	v := Sale{ID: x.ID, Day: x.Day, Created: at(x.Created), Amount: x.Amount.Minor, Tip: x.Tip, Charged: x.Charged().Minor, Currency: x.Amount.Currency,
		Ticket: x.Ticket, Cashier: x.Cashier, Note: x.Note, Status: x.Status(), Open: x.Open(), Tender: x.Tender, Orphan: x.Orphan(), Attempts: []Attempt{}, Refunds: []Refund{}}
	v.Refunded, v.Refundable = x.RefundTotals()
	args := map[string]string{}
	reason := ""
	for _, a := range x.Attempts {
		o := outlooks[a.Reference]
		w := Attempt{Reference: a.Reference, Mode: a.Mode, Wallet: a.Wallet, State: a.State.Word(), NeedsManager: a.NeedsManager(s.o.Capabilities, now),
			Since: at(a.Since), AcquirerID: a.Theirs, LastEvent: a.Last.String(), Reason: a.Reason, Unconfirmed: a.Unconfirmed, By: a.By}
		if a.Mode == pos.ByScan {
			w.Code = "****" + a.Last4
		}
		if !a.State.Final() {
			w.NextTry = at(o.Next)
			w.Deadline = at(o.Deadline)
		}
		if a.State == pos.Awaiting {
			w.QR = a.QR // in every other state it is off the display
		}
		if a.Paid != nil {
			w.Paid = &Paid{at(a.Paid.At), a.Paid.Amount, a.Paid.Currency, a.Paid.Shopper, append([]string{}, a.Paid.Promotions...)}
		}
		v.NeedsManager = v.NeedsManager || w.NeedsManager
		v.Attempts = append(v.Attempts, w)
		reason, args["by"] = a.Reason, a.By
		if left := int(o.Deadline.Sub(now).Seconds()); a.State == pos.Held && left > 0 {
			args["seconds"] = strconv.Itoa(left)
		}
	}
	for _, o := range x.Orphans() {
		v.Orphans = append(v.Orphans, Orphan{o.Attempt, o.Why, s.o.Words.Say(lang, "reason.orphan_"+o.Why, nil), o.Amount.Minor, o.Left, o.Amount.Currency, at(o.Since), at(o.Due)})
	}
	for _, r := range x.Refunds {
		v.Refunds = append(v.Refunds, s.refund(r, lang, now, outlooks))
	}
	word := v.Status
	if v.NeedsManager {
		word = "needs_manager"
	}
	say := "state." + word + ".say"
	if a := x.Current(); word == "awaiting" && a.QR != "" {
		say = "state.awaiting.qr"
	}
	v.Say = s.o.Words.Say(lang, say, args)
	if id := "reason." + reason; (word == "declined" || word == "unsent") && s.o.Words.Has(id) {
		v.Say = s.o.Words.Say(lang, id, nil) + " " + v.Say
	}
	return v
}

// items is what is unfinished about payments, and the money that nobody wants.
func (s *Server) items(sales []pos.Sale, now time.Time, outlooks map[string]pos.Outlook) []report.Item {
	items := []report.Item{}
	for _, x := range sales {
		for _, a := range x.Attempts {
			if a.State.Final() {
				continue
			}
			o := outlooks[a.Reference]
			i := report.Item{Kind: "attempt", ID: a.Reference, Sale: x.ID, Ticket: x.Ticket, Amount: a.Amount.Minor, Currency: a.Amount.Currency,
				State: a.State.Word(), Since: a.Since, Tries: o.Tries, Why: a.Reason, Who: a.State.Whose()}
			if !o.Next.IsZero() {
				next := o.Next.UTC().Truncate(time.Millisecond)
				i.NextTry = &next
			}
			if a.NeedsManager(s.o.Capabilities, now) {
				i.Who = "manager"
			}
			items = append(items, i)
		}
		for _, o := range x.Proposed() {
			items = append(items, report.OrphanItem(o))
		}
	}
	return items
}
