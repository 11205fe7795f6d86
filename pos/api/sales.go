package api

import (
	"context"
	"strconv"
	"time"

	"posd/pos"
)

// NewSale is the body that opens a sale.
type NewSale struct {
	Amount   int64             `json:"amount"` // minor units, without the tip
	Currency string            `json:"currency"`
	Tip      int64             `json:"tip,omitempty"`
	Ticket   string            `json:"ticket,omitempty"`
	Cashier  string            `json:"cashier,omitempty"`
	Note     string            `json:"note,omitempty"`
	Confirm  *pos.Confirmation `json:"confirm_double,omitempty"`
}

// ScanBody is the body of a scan: empty arms the scanner.
type ScanBody struct {
	Code string `json:"code,omitempty"`
}

// ByBody says who did it.
type ByBody struct {
	By string `json:"by,omitempty"`
}

// SettleBody says how it was paid otherwise.
type SettleBody struct {
	Tender string `json:"tender"`
	By     string `json:"by,omitempty"`
}

// RulingBody is a manager's word.
type RulingBody struct {
	Paid *bool  `json:"paid"`
	Why  string `json:"why"`
	By   string `json:"by"`
}

// Page is one page of sales.
type Page struct {
	Items []Sale  `json:"items"`
	Next  *string `json:"next"`
}

// shape is a sale for whoever asks, with the till's outlook.
func (s *Server) shape(ctx context.Context, x pos.Sale) Sale {
	return s.sale(x, askerOf(ctx).lang, time.Now(), s.o.Till.Standing().Outlooks)
}

func (s *Server) answer(ctx context.Context, x pos.Sale, err error) (Sale, error) {
	if err != nil {
		return Sale{}, err
	}
	return s.shape(ctx, x), nil
}

// openSale opens a sale. The idempotency key is kept for good: the same key and body give the sale as it
// was opened.
func (s *Server) openSale(ctx context.Context, c command, in NewSale) (Sale, error) {
	if !printable(c.Key) {
		return Sale{}, pos.Refuse("api.sales", pos.KeyMissing, "")
	}
	hash, err := s.requestHash("/v1/sales", in)
	if err != nil {
		return Sale{}, err
	}
	x, err := s.o.Till.Sell(ctx, pos.NewSale{Amount: pos.Amount{Minor: in.Amount, Currency: pos.Currency(in.Currency)}, Tip: in.Tip,
		Ticket: in.Ticket, Cashier: in.Cashier, Note: in.Note, Confirm: in.Confirm, Key: c.Key, KeyHash: hash})
	return s.answer(ctx, x, err)
}

// printable accepts 1 to 64 printable characters.
func printable(key string) bool {
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(key) >= 1 && len(key) <= 64
}

func (s *Server) listSales(ctx context.Context, q *filter) (Page, error) {
	limit := 0
	if q.Limit != "" {
		n, err := strconv.Atoi(q.Limit)
		if err != nil || n < 1 || n > 200 {
			return Page{}, pos.Refuse("api.sales", pos.BadRequest, "limit")
		}
		limit = n
	}
	sales, next, err := s.o.Book.Sales(ctx, pos.SaleFilter{Day: pos.Date(q.Day), Status: q.Status, Ticket: q.Ticket, Reference: q.Reference, After: q.After, Limit: limit})
	if err != nil {
		return Page{}, err
	}
	p := Page{Items: []Sale{}}
	for _, x := range sales {
		p.Items = append(p.Items, s.shape(ctx, x))
	}
	if next != "" {
		p.Next = &next
	}
	return p, nil
}

func (s *Server) showSale(ctx context.Context, q *named) (Sale, error) {
	x, err := s.o.Book.Sale(ctx, q.ID)
	return s.answer(ctx, x, err)
}

// scanSale arms the scanner, or takes a code that the caller scanned. 202: the outcome arrives on the
// event stream, because the shopper may have to type a password first.
func (s *Server) scanSale(ctx context.Context, c command, in ScanBody) (Sale, error) {
	if in.Code == "" {
		x, err := s.o.Till.Arm(ctx, c.ID)
		return s.answer(ctx, x, err)
	}
	if len(in.Code) > 512 {
		return Sale{}, pos.Refuse("api.scan", pos.NotAPaymentCode, "")
	}
	x, err := s.o.Till.Scan(ctx, c.ID, pos.Scan{Code: pos.NewCode(in.Code), Whole: true, At: time.Now()})
	return s.answer(ctx, x, err)
}

func (s *Server) cancelSale(ctx context.Context, c command, in ByBody) (Sale, error) {
	x, err := s.o.Till.Cancel(ctx, c.ID, in.By)
	return s.answer(ctx, x, err)
}

func (s *Server) settleSale(ctx context.Context, c command, in SettleBody) (Sale, error) {
	x, err := s.o.Till.Settle(ctx, c.ID, in.Tender, in.By)
	return s.answer(ctx, x, err)
}

func (s *Server) ruleAttempt(ctx context.Context, c command, in RulingBody) (Sale, error) {
	if in.Paid == nil {
		return Sale{}, &pos.Error{Op: "api.ruling", Problem: pos.BadRequest, Detail: "ruling"}
	}
	x, err := s.o.Till.Rule(ctx, c.ID, *in.Paid, in.Why, in.By)
	return s.answer(ctx, x, err)
}
