package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"posd/pos"
)

func (f *face) queueCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "Show everything that waits: its age, its next try, why, and whose move it is", Args: takes(),
		Example: "  posctl queue\n  posctl queue sync       try everything now",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			text, err := r.get(cmd.Context(), "/v1/queue")
			if err != nil {
				return err
			}
			if f.json {
				return f.passes(text)
			}
			var q queue
			if !reads(text, &q) {
				return errAnswer
			}
			f.queue(q)
			return nil
		}}
	cmd.AddCommand(&cobra.Command{Use: "sync", Short: "Try everything that waits now", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			text, err := r.post(cmd.Context(), "/v1/queue/sync", "", map[string]string{})
			if err != nil {
				return err
			}
			if f.json {
				return f.passes(text)
			}
			fmt.Fprintln(f.stdout, f.say("queue.sync"))
			return nil
		}})
	return cmd
}

func (f *face) queue(q queue) {
	if len(q.Items) == 0 {
		fmt.Fprintln(f.stdout, f.say("queue.none"))
		return
	}
	rows := [][]string{f.heads("queue", "kind", "ticket", "amount", "state", "age", "next", "tries", "who", "reference", "why")}
	for _, i := range q.Items {
		next := ""
		if i.NextTry != nil {
			next = f.clock(*i.NextTry)
		}
		state := f.label(i.State, false)
		if i.Kind == "refund" {
			state = f.word("refund."+i.State+".label", i.State)
		}
		rows = append(rows, []string{f.word("commands.queue."+i.Kind, i.Kind), i.Ticket, f.money(i.Amount, i.Currency), state, f.age(i.Since),
			next, strconv.Itoa(i.Tries), f.word("who."+i.Who, i.Who), i.ID, f.why(i)})
	}
	table(f.stdout, rows)
	if q.More > 0 {
		fmt.Fprintln(f.stdout, f.say("queue.more", "n", strconv.Itoa(q.More)))
	}
}

// why is the reason, and for unwanted money by when it should have gone back and with which command.
func (f *face) why(i waiting) string {
	why := f.word("reason."+i.Why, i.Why)
	if i.Due == nil {
		return why
	}
	return f.due(why, i.Sale, i.Amount, i.Currency, *i.Due)
}

func (f *face) due(why, sale string, minor int64, c pos.Currency, due time.Time) string {
	return f.say("queue.due", "why", why, "sale", sale, "amount", pos.Amount{Minor: minor, Currency: c}.Decimal(), "time", f.clock(due))
}

// rulings are the words that a manager may say about a payment and about a refund.
var rulings = map[string]struct {
	refund, done bool
}{"paid": {false, true}, "unpaid": {false, false}, "refunded": {true, true}, "not-refunded": {true, false}}

func (f *face) ruleCommand() *cobra.Command {
	var why, by string
	cmd := &cobra.Command{Use: "rule REFERENCE paid|unpaid|refunded|not-refunded --why TEXT --by NAME", Short: "Take a manager's word where nobody can be asked; it stays open to proof",
		Args: takes("REFERENCE", "paid|unpaid|refunded|not-refunded"),
		Example: `  posctl rule NYC5AV-03-261120-0042-x7Qp unpaid --why "not in the portal" --by "M. Roy"
  posctl rule r_01JA0 refunded --why "on the portal" --by "M. Roy"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			word, known := rulings[args[1]]
			if !known {
				return usage(errors.New("a ruling is paid or unpaid, for a refund refunded or not-refunded"))
			}
			if err := required(cmd, "why", "by"); err != nil {
				return err
			}
			r, err := f.dial("manager")
			if err != nil {
				return err
			}
			if word.refund {
				text, err := r.post(cmd.Context(), "/v1/refunds/"+url.PathEscape(args[0])+"/ruling", "", map[string]any{"done": word.done, "why": why, "by": by})
				if err != nil {
					return err
				}
				return f.showsRefund(text)
			}
			text, err := r.post(cmd.Context(), "/v1/attempts/"+url.PathEscape(args[0])+"/ruling", "",
				map[string]any{"paid": word.done, "why": why, "by": by})
			if err != nil {
				return err
			}
			return f.shows(text)
		}}
	cmd.Flags().StringVar(&why, "why", "", "what the ruling rests on")
	cmd.Flags().StringVar(&by, "by", "", "the manager")
	return cmd
}
