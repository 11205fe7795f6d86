package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"posd/pos"
)

// longestCode bounds what is read from standard input as one payment code.
const longestCode = 4 << 10

// saleFlags is what the cashier says beside the amount.
type saleFlags struct {
	currency, tip, ticket, cashier, note, key string
	scan, codeStdin, present, wait            bool
}

// newSale is the body of POST /v1/sales.
type newSale struct {
	Amount   int64        `json:"amount"`
	Currency pos.Currency `json:"currency"`
	Tip      int64        `json:"tip,omitempty"`
	Ticket   string       `json:"ticket,omitempty"`
	Cashier  string       `json:"cashier,omitempty"`
	Note     string       `json:"note,omitempty"`
}

func (f *face) saleCommand() *cobra.Command {
	var s saleFlags
	cmd := &cobra.Command{Use: "sale AMOUNT", Short: "Open a sale, and take the payment where asked to", Args: takes("AMOUNT"),
		Example: `  posctl sale 129.50 --ticket A-1001 --scan --wait     the scanner reads the code
  posctl sale 129.50 --code-stdin --wait < code        the POS software has its own scanner
  posctl sale 129.50 --present --wait                  the shopper scans our QR`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.sale(cmd.Context(), args[0], s) }}
	flags := cmd.Flags()
	flags.StringVar(&s.currency, "currency", "", "three letters (default: the register's)")
	flags.StringVar(&s.tip, "tip", "", "beside the amount")
	flags.StringVar(&s.ticket, "ticket", "", "the POS software's number")
	flags.StringVar(&s.cashier, "cashier", "", "who sells")
	flags.StringVar(&s.note, "note", "", "for the report")
	flags.StringVar(&s.key, "key", "", "idempotency key: the same key and sale is one sale, for good (default: a new one)")
	flags.BoolVar(&s.scan, "scan", false, "arm the scanner")
	flags.BoolVar(&s.present, "present", false, "show a QR on the customer display")
	flags.BoolVar(&s.codeStdin, "code-stdin", false, "read the payment code from standard input")
	flags.BoolVar(&s.wait, "wait", false, "follow the sale to its end; exit 0 only when it is paid")
	return cmd
}

// sale opens a sale, and where asked to arms the scanner or hands over a code, and follows.
func (f *face) sale(ctx context.Context, amount string, s saleFlags) error {
	if (s.scan && s.codeStdin) || (s.present && (s.scan || s.codeStdin)) {
		return usage(errors.New("--scan, --code-stdin and --present: choose one"))
	}
	r, err := f.dial("cashier", "manager")
	if err != nil {
		return err
	}
	if s.currency == "" && r.currency == "" {
		if r.currency, err = r.asksCurrency(ctx); err != nil {
			return err
		}
	}
	body, err := s.body(amount, r.currency)
	if err != nil {
		return usage(err)
	}
	var code string
	if s.codeStdin {
		if code, err = readCode(f.stdin); err != nil {
			return usage(err)
		}
	}
	if s.key == "" {
		s.key = rand.Text()
	}
	text, err := r.post(ctx, "/v1/sales", s.key, body)
	if err != nil {
		return err
	}
	var opened sale
	if !reads(text, &opened) || opened.ID == "" {
		return errAnswer
	}
	err = f.pay(ctx, r, opened, s, code, text)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errSaid) {
		return f.left(opened.ID)
	}
	return err
}

// pay goes on with a sale that stands: arms the scanner or hands the code over, and follows. Listening
// begins first, so that no change is missed.
func (f *face) pay(ctx context.Context, r *register, opened sale, s saleFlags, code string, text []byte) error {
	takes := s.scan || s.codeStdin || s.present
	if s.wait || takes {
		f.opened(opened)
	}
	var follow *follower
	if s.wait {
		events, body, err := r.listen(ctx, "")
		if err != nil {
			return err
		}
		follow = &follower{f: f, r: r, id: opened.ID, ours: takes, armed: s.scan, events: events, body: body, sale: opened}
		defer follow.close()
	}
	if takes {
		verb, body := "/scan", map[string]string{}
		switch {
		case s.codeStdin:
			body["code"] = code
		case s.present:
			verb = "/present"
		}
		var err error
		if text, err = r.post(ctx, "/v1/sales/"+url.PathEscape(opened.ID)+verb, "", body); err != nil {
			return err
		}
	}
	if !s.wait {
		return f.shows(text)
	}
	return follow.toTheEnd(ctx)
}

// asksCurrency finds the till's currency where no configuration was named.
func (r *register) asksCurrency(ctx context.Context) (pos.Currency, error) {
	text, err := r.get(ctx, "/v1/status")
	if err != nil {
		return "", err
	}
	var s status
	if !reads(text, &s) {
		return "", errAnswer
	}
	return s.Currency, nil
}

func (s saleFlags) body(amount string, currency pos.Currency) (newSale, error) {
	b := newSale{Currency: currency, Ticket: s.ticket, Cashier: s.cashier, Note: s.note}
	if s.currency != "" {
		b.Currency = pos.Currency(s.currency)
	}
	if b.Currency == "" {
		return b, errors.New("say --currency, such as USD")
	}
	if _, err := pos.ParseCurrency(string(b.Currency)); err != nil {
		return b, err
	}
	parsed, err := pos.ParseAmount(amount, b.Currency)
	if err != nil {
		return b, err
	}
	b.Amount = parsed.Minor
	if s.tip != "" {
		tip, err := pos.ParseAmount(s.tip, b.Currency)
		if err != nil {
			return b, err
		}
		b.Tip = tip.Minor
	}
	return b, nil
}

// readCode reads one line. What it says of a fault never repeats what it read.
func readCode(from io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(from, longestCode)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("standard input: %w", err)
	}
	code := strings.TrimRight(line, "\r\n")
	if code == "" || len(line) == longestCode {
		return "", errors.New("--code-stdin wants the payment code as one line on standard input")
	}
	return code, nil
}

// opened tells which sale stands, whatever becomes of the next step. A program reads it in the answer.
func (f *face) opened(s sale) {
	if f.json {
		return
	}
	fmt.Fprintln(f.stderr, f.say("wait.begun", "sale", s.ID, "amount", f.money(s.Charged, s.Currency)))
}

var errAnswer = errors.New("the answer is not a register's; check the address")

func (f *face) showCommand() *cobra.Command {
	return &cobra.Command{Use: "show SALE", Short: "Show a sale and every try to pay it", Args: takes("SALE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			text, err := r.get(cmd.Context(), "/v1/sales/"+url.PathEscape(args[0]))
			if err != nil {
				return err
			}
			return f.shows(text)
		}}
}

func (f *face) cancelCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{Use: "cancel SALE", Short: "Ask the register to cancel a sale; if it was paid meanwhile, paid wins", Args: takes("SALE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.change(cmd.Context(), args[0], "cancel", saying("by", by), "cashier", "manager")
		}}
	cmd.Flags().StringVar(&by, "by", "", "who asks")
	return cmd
}

func (f *face) settleCommand() *cobra.Command {
	var tender, by string
	cmd := &cobra.Command{Use: "settle SALE --tender WORD", Short: "Note that a sale was paid some other way", Args: takes("SALE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "tender"); err != nil {
				return err
			}
			return f.change(cmd.Context(), args[0], "settle", saying("tender", tender, "by", by), "cashier", "manager")
		}}
	cmd.Flags().StringVar(&tender, "tender", "", "how it was paid, such as cash or card")
	cmd.Flags().StringVar(&by, "by", "", "who says so")
	return cmd
}

// saying makes a body of the words that were said.
func saying(pairs ...string) map[string]string {
	body := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			body[pairs[i]] = pairs[i+1]
		}
	}
	return body
}

func (f *face) change(ctx context.Context, id, verb string, body map[string]string, roles ...string) error {
	r, err := f.dial(roles...)
	if err != nil {
		return err
	}
	text, err := r.post(ctx, "/v1/sales/"+url.PathEscape(id)+"/"+verb, "", body)
	if err != nil {
		return err
	}
	return f.shows(text)
}
