package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posd/pos"
)

// refund is money on its way back, as far as people are shown it.
type refund struct {
	ID           string       `json:"id"`
	Sale         string       `json:"sale"`
	Reference    string       `json:"reference"`
	Amount       int64        `json:"amount"`
	Currency     pos.Currency `json:"currency"`
	Status       string       `json:"status"`
	NeedsManager bool         `json:"needs_manager"`
	Say          string       `json:"say"`
	Reason       string       `json:"reason"`
	By           string       `json:"by"`
	Since        time.Time    `json:"since"`
	NextTry      *time.Time   `json:"next_try"`
	Why          string       `json:"why"`
}

// refundFlags is what a person says beside the amount.
type refundFlags struct {
	reason, by, key string
	wait            bool
}

func (f *face) refundCommand() *cobra.Command {
	var r refundFlags
	cmd := &cobra.Command{Use: "refund SALE AMOUNT --reason TEXT --by NAME", Short: "Give money back out of a paid sale, all of it or a part", Args: takes("SALE", "AMOUNT"),
		Example: `  posctl refund s_01J9Z 129.50 --reason "returned" --by mroy --wait
  posctl show s_01J9Z                    what was paid, and what went back
  posctl withdraw r_01JA0 --by mroy      while it waits for the line`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "reason", "by"); err != nil {
				return err
			}
			return f.refund(cmd.Context(), args[0], args[1], r)
		}}
	flags := cmd.Flags()
	flags.StringVar(&r.reason, "reason", "", "why the money goes back")
	flags.StringVar(&r.by, "by", "", "who gives it back")
	flags.StringVar(&r.key, "key", "", "idempotency key: the same key and refund is one refund, for good (default: a new one)")
	flags.BoolVar(&r.wait, "wait", false, "follow the refund to its end; exit 0 only when the money went back")
	return cmd
}

func (f *face) refund(ctx context.Context, id, amount string, flags refundFlags) error {
	r, err := f.dial("cashier", "manager")
	if err != nil {
		return err
	}
	if r.currency == "" {
		if r.currency, err = r.asksCurrency(ctx); err != nil {
			return err
		}
	}
	sum, err := pos.ParseAmount(amount, r.currency)
	if err != nil {
		return usage(err)
	}
	if flags.key == "" {
		flags.key = rand.Text()
	}
	var events *stream
	if flags.wait { // listening begins first, so that no change is missed
		var body io.ReadCloser
		if events, body, err = r.listen(ctx, ""); err != nil {
			return err
		}
		defer body.Close()
	}
	text, err := r.post(ctx, "/v1/sales/"+url.PathEscape(id)+"/refunds", flags.key, map[string]any{"amount": sum.Minor, "reason": flags.reason, "by": flags.by})
	if err != nil {
		return err
	}
	if !flags.wait {
		return f.showsRefund(text)
	}
	return f.followRefund(ctx, r, events, text)
}

// followRefund tells of every change until the money went back, was refused, or only a manager can say.
// A stream that ends leaves the refund with the register, which goes on by itself.
func (f *face) followRefund(ctx context.Context, r *register, events *stream, text []byte) error {
	var now refund
	if !reads(text, &now) || now.ID == "" {
		return errAnswer
	}
	told := ""
	for {
		if word := now.Status + fmt.Sprint(now.NeedsManager); word != told && !f.json {
			told = word
			fmt.Fprintf(f.stdout, "%s  %s\n", f.now().In(f.zone).Format(time.TimeOnly), f.refundStands(now))
		}
		done, exit := refundEnd(now)
		if done {
			if f.json {
				if err := f.passes(text); err != nil {
					return err
				}
			}
			return exit
		}
		for {
			e, err := events.next()
			if err != nil {
				if ctx.Err() == nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					return err
				}
				fmt.Fprintln(f.stderr, f.say("refund.goes_on", "show", "posctl show "+now.Sale))
				return coded{exitTryAgain, errSaid}
			}
			var heard refund
			if e.Kind == "refund" && reads(e.Data, &heard) && heard.ID == now.ID {
				now, text = heard, e.Data
				break
			}
		}
	}
}

// refundEnd says whether nothing more is to be waited for, and how that ends.
func refundEnd(r refund) (done bool, err error) {
	switch {
	case r.NeedsManager:
		return true, coded{exitTryAgain, errSaid}
	case r.Status == "refunded":
		return true, nil
	case r.Status == "refused", r.Status == "withdrawn", strings.HasPrefix(r.Status, "ruled_"):
		return true, coded{exitFailed, errSaid}
	}
	return false, nil
}

// refundStands is the word of the screens for where a refund stands, and the register's sentence.
func (f *face) refundStands(r refund) string {
	word := r.Status
	if r.NeedsManager {
		word = "needs_manager"
	}
	return strings.TrimSpace(f.word("refund."+word+".label", word) + "  " + r.Say)
}

// showsRefund prints a refund: for a program as it came, for a person as a page.
func (f *face) showsRefund(text []byte) error {
	if f.json {
		return f.passes(text)
	}
	var r refund
	if !reads(text, &r) || r.ID == "" {
		return errAnswer
	}
	rows := [][]string{{f.say("refund.id"), r.ID}, {f.say("sale.id"), r.Sale}, {f.say("sale.amount"), f.money(r.Amount, r.Currency)},
		{f.say("sale.status"), f.refundStands(r)}, {f.say("refund.reason"), r.Reason}, {f.say("refund.by"), r.By}, {f.say("refund.reference"), r.Reference}}
	if r.NextTry != nil {
		rows = append(rows, []string{f.say("refund.next"), f.clock(*r.NextTry)})
	}
	table(f.stdout, rows)
	return nil
}

func (f *face) withdrawCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{Use: "withdraw REFUND --by NAME", Short: "Take a refund back that has not left yet", Args: takes("REFUND"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "by"); err != nil {
				return err
			}
			r, err := f.dial("cashier", "manager")
			if err != nil {
				return err
			}
			text, err := r.post(cmd.Context(), "/v1/refunds/"+url.PathEscape(args[0])+"/cancel", "", map[string]string{"by": by})
			if err != nil {
				return err
			}
			return f.showsRefund(text)
		}}
	cmd.Flags().StringVar(&by, "by", "", "who takes it back")
	return cmd
}
