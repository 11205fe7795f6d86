package till_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// lost is the reference of an attempt that only a manager can settle.
func (c *counter) lost() string {
	c.t.Helper()
	c.bank.next(c.bank.swallowed(0))
	c.codes++
	id := c.sell(int64(100 + c.codes))
	c.scan(id, fmt.Sprintf("13%016d", c.codes))
	return c.sale(id).Attempts[0].Reference
}

// owedBack is a refund that waits for the line.
func (c *counter) owedBack() pos.Refund {
	c.t.Helper()
	c.codes++
	id := c.paid(int64(100+c.codes), fmt.Sprintf("13%016d", c.codes))
	c.bank.line(true)
	r := c.give(id, 1, fmt.Sprint("k", c.codes))
	return r
}

// What people write has a limit: so many letters are taken, and one more is refused; nothing that a printer would
// take for a command gets in, and what must be said may not be left out.
func TestWhatPeopleWrite(t *testing.T) {
	usd := func(minor int64) pos.Amount { return pos.Amount{Minor: minor, Currency: "USD"} }
	type said func(c *counter, text string) error
	for name, f := range map[string]struct {
		most   int
		needed bool
		say    said
	}{
		"a ticket": {64, false, func(c *counter, text string) error {
			_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: usd(1), Ticket: text})
			return err
		}},
		"a cashier": {64, false, func(c *counter, text string) error {
			_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: usd(1), Cashier: text})
			return err
		}},
		"a note on a sale": {256, false, func(c *counter, text string) error {
			_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: usd(1), Note: text})
			return err
		}},
		"who cancels": {64, false, func(c *counter, text string) error {
			_, err := c.till.Cancel(c.t.Context(), c.sell(1), text)
			return err
		}},
		"a tender": {64, true, func(c *counter, text string) error {
			_, err := c.till.Settle(c.t.Context(), c.sell(1), text, "mroy")
			return err
		}},
		"who settles": {64, false, func(c *counter, text string) error {
			_, err := c.till.Settle(c.t.Context(), c.sell(1), "cash", text)
			return err
		}},
		"why money goes back": {256, true, func(c *counter, text string) error {
			r := c.owedBack()
			_, err := c.till.Refund(c.t.Context(), pos.NewRefund{Sale: r.Sale, Minor: 1, Reason: text, By: "mroy", Key: text})
			c.bank.line(false)
			return err
		}},
		"who gives it back": {64, true, func(c *counter, text string) error {
			r := c.owedBack()
			_, err := c.till.Refund(c.t.Context(), pos.NewRefund{Sale: r.Sale, Minor: 1, Reason: "returned", By: text, Key: text})
			c.bank.line(false)
			return err
		}},
		"who takes a refund back": {64, true, func(c *counter, text string) error {
			_, err := c.till.Withdraw(c.t.Context(), c.owedBack().ID, text)
			c.bank.line(false)
			return err
		}},
		"why a manager rules": {256, true, func(c *counter, text string) error {
			_, err := c.till.Rule(c.t.Context(), c.lost(), false, text, "manager")
			return err
		}},
		"who rules": {64, true, func(c *counter, text string) error {
			_, err := c.till.Rule(c.t.Context(), c.lost(), false, "not on the portal", text)
			return err
		}},
		"who closes a day": {64, true, func(c *counter, text string) error {
			c.sell(1)
			_, err := c.till.CloseDay(c.t.Context(), pos.NewClose{By: text, Key: text})
			return err
		}},
		"a note on a day": {256, false, func(c *counter, text string) error {
			c.sell(1)
			_, err := c.till.CloseDay(c.t.Context(), pos.NewClose{By: "mroy", Note: text, Key: text})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(c *counter) {
				refused := []string{strings.Repeat("x", f.most+1), "a\x1b[2Jb", "a\x7fb"}
				if f.needed {
					refused = append(refused, "", " ")
				}
				for _, text := range refused {
					if err := f.say(c, text); pos.ProblemOf(err) != pos.BadRequest || err == nil {
						t.Errorf("%.20q: %v", text, err)
					}
					c.wait(2 * time.Minute)
				}
				if err := f.say(c, strings.Repeat("x", f.most)); err != nil {
					t.Error(err)
				}
				if !f.needed {
					c.wait(24 * time.Hour)
					if err := f.say(c, ""); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}
