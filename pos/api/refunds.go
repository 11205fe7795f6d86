package api

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"posd/pos"
	"posd/pos/report"
)

// Refund is money on its way back, as the API shows it.
type Refund struct {
	ID           string       `json:"id"`
	Sale         string       `json:"sale"`
	Attempt      string       `json:"attempt"` // the reference of what it gives back
	Reference    string       `json:"reference"`
	Amount       int64        `json:"amount"`
	Currency     pos.Currency `json:"currency"`
	Status       string       `json:"status"`
	NeedsManager bool         `json:"needs_manager"`
	Say          string       `json:"say"`
	Reason       string       `json:"reason"`
	By           string       `json:"by"`
	Asked        *stamp       `json:"asked"`
	Since        *stamp       `json:"since"`
	NextTry      *stamp       `json:"next_try"`
	Tries        int          `json:"tries"`
	Why          string       `json:"why"` // the last thing that happened, as a word or the acquirer's code
	AcquirerID   string       `json:"acquirer_id"`
}

// RefundBody asks for money to be given back.
type RefundBody struct {
	Amount int64  `json:"amount"` // minor units
	Reason string `json:"reason"`
	By     string `json:"by"`
}

// RefundRuling is a manager's word about a refund.
type RefundRuling struct {
	Done *bool  `json:"done"`
	Why  string `json:"why"`
	By   string `json:"by"`
}

// refund shapes a refund for a reader of lang.
func (s *Server) refund(r pos.Refund, lang string, now time.Time, outlooks map[string]pos.Outlook) Refund {
	o := outlooks[r.Reference]
	v := Refund{ID: r.ID, Sale: r.Sale, Attempt: r.Attempt, Reference: r.Reference, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
		Status: r.State.Word(), NeedsManager: r.NeedsManager(s.o.Capabilities, now), Reason: r.Reason, By: r.By, Asked: at(r.Asked), Since: at(r.Since),
		Tries: o.Tries, Why: r.Words, AcquirerID: r.Theirs}
	word := v.Status
	if v.NeedsManager {
		word = "needs_manager"
	}
	v.Say = s.o.Words.Say(lang, "refund."+word+".say", map[string]string{"by": r.By})
	if !r.State.Final() {
		v.NextTry = at(o.Next)
	}
	return v
}

// refundItem is a refund in the queue.
func (s *Server) refundItem(x pos.Sale, r pos.Refund, now time.Time, o pos.Outlook) report.Item {
	i := report.Item{Kind: report.ItemRefund, ID: r.ID, Sale: x.ID, Ticket: x.Ticket, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
		State: r.State.Word(), Since: r.Asked, Tries: o.Tries, Why: r.Words, Who: r.State.Whose()}
	if !o.Next.IsZero() {
		next := o.Next.UTC().Truncate(time.Millisecond)
		i.NextTry = &next
	}
	if r.NeedsManager(s.o.Capabilities, now) {
		i.Who = "manager"
	}
	return i
}

func (s *Server) answerRefund(ctx context.Context, r pos.Refund, err error) (Refund, error) {
	if err != nil {
		return Refund{}, err
	}
	return s.refund(r, askerOf(ctx).lang, time.Now(), s.o.Till.Standing().Outlooks), nil
}

// requestHash stands for a request in the journal: the same idempotency key with another one is refused.
func (s *Server) requestHash(route string, body any) (string, error) {
	canonical, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	return s.o.Book.Fingerprint("idempotency", bytes.Join([][]byte{[]byte("POST " + route), canonical}, []byte{'\n'})), nil
}

func (s *Server) refundSale(ctx context.Context, c command, in RefundBody) (Refund, error) {
	if !printable(c.Key) {
		return Refund{}, pos.Refuse("api.refunds", pos.KeyMissing, "")
	}
	hash, err := s.requestHash("/v1/sales/"+c.ID+"/refunds", in)
	if err != nil {
		return Refund{}, err
	}
	r, err := s.o.Till.Refund(ctx, pos.NewRefund{Sale: c.ID, Minor: in.Amount, Reason: in.Reason, By: in.By, Key: c.Key, KeyHash: hash})
	return s.answerRefund(ctx, r, err)
}

func (s *Server) showRefund(ctx context.Context, q *named) (Refund, error) {
	x, err := s.o.Book.SaleOf(ctx, q.ID)
	if err != nil {
		return Refund{}, err
	}
	for _, r := range x.Refunds {
		if r.ID == q.ID || r.Reference == q.ID {
			return s.answerRefund(ctx, r, nil)
		}
	}
	return Refund{}, pos.Refuse("api.refunds", pos.NotFound, "%q", q.ID)
}

func (s *Server) withdrawRefund(ctx context.Context, c command, in ByBody) (Refund, error) {
	r, err := s.o.Till.Withdraw(ctx, c.ID, in.By)
	return s.answerRefund(ctx, r, err)
}

func (s *Server) ruleRefund(ctx context.Context, c command, in RefundRuling) (Refund, error) {
	if in.Done == nil {
		return Refund{}, &pos.Error{Op: "api.ruling", Problem: pos.BadRequest, Detail: "ruling"}
	}
	r, err := s.o.Till.RuleRefund(ctx, c.ID, *in.Done, in.Why, in.By)
	return s.answerRefund(ctx, r, err)
}

// PresentBody asks for a QR, for one wallet or for every one that the acquirer serves with it.
type PresentBody struct {
	Wallet pos.Wallet `json:"wallet,omitempty"`
}

// presentSale asks for a QR. 202: it arrives on the event stream.
func (s *Server) presentSale(ctx context.Context, c command, in PresentBody) (Sale, error) {
	x, err := s.o.Till.Present(ctx, c.ID, in.Wallet)
	return s.answer(ctx, x, err)
}

// CloseBody is a person's word that the day is over.
type CloseBody struct {
	By   string `json:"by"`
	Note string `json:"note,omitempty"`
}

// closeDay closes the open day and answers its report, the Z.
func (s *Server) closeDay(ctx context.Context, c command, in CloseBody) (report.Report, error) {
	if !printable(c.Key) {
		return report.Report{}, pos.Refuse("api.close", pos.KeyMissing, "")
	}
	hash, err := s.requestHash("/v1/days/current/close", in)
	if err != nil {
		return report.Report{}, err
	}
	day, err := s.o.Till.CloseDay(ctx, pos.NewClose{By: in.By, Note: in.Note, Key: c.Key, KeyHash: hash})
	if err != nil {
		return report.Report{}, err
	}
	return s.fold(ctx, day)
}
