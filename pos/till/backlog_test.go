package till_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"posd/pos"
)

// inDoubtOf leaves so many payments in doubt whose questions hang: the acquirer takes them and says nothing.
func (c *counter) backlog(n int) {
	c.t.Helper()
	for i := range n {
		c.bank.next(replyLost(time.Second))
		c.scan(c.sell(int64(1000+i)), fmt.Sprintf("2812345678901234%02d", i))
	}
	c.bank.mu.Lock()
	for range 4 * n {
		c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) {
			time.Sleep(80 * time.Second)
			return pos.Answer{}, errCut
		})
	}
	c.bank.mu.Unlock()
	c.wait(5 * time.Second)
}

// Forty questions are owed, more than are put at a time, and none is answered. A new shopper pays at once all the
// same, by a code and by a QR.
func TestBacklogDelaysNoPayment(t *testing.T) {
	story(t, func(c *counter) {
		c.backlog(40)
		began := time.Now()
		id := c.sell(500)
		c.scan(id, wechatCode)
		c.wait(0)
		c.status(id, "paid")
		id = c.sell(600)
		if _, err := c.till.Present(c.t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
		c.wait(0)
		c.status(id, "awaiting")
		if took := time.Since(began); took != 0 {
			t.Errorf("the new shoppers waited %s", took)
		}
	}, func(c *counter) { c.limit = 100 })
}

// The register asks ever more seldom while nobody answers. Somebody presses "try now": it asks at once, with the
// back-off forgotten, however long the next try was away.
func TestTryNow(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.bank.line(true)
		c.wait(3 * time.Hour)
		c.status(id, "checking")
		reference := c.sale(id).Attempts[0].Reference
		if next := time.Until(c.standing().Outlooks[reference].Next); next < time.Minute {
			t.Fatalf("the next try is %s away, and nothing is to be hurried", next)
		}
		c.bank.line(false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		c.wait(0)
		c.status(id, "paid")
	})
}

// The same sum as one that is in doubt is asked about as long as the doubt lasts, also when that sale was paid in
// cash meanwhile; with a manager's word it is sold.
func TestDoubleOfADoubtfulSale(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.swallowed(time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(time.Hour)
		n := pos.NewSale{Amount: pos.Amount{Minor: 60, Currency: "USD"}, Tip: 40} // what is charged counts
		for range 2 {
			_, err := c.till.Sell(c.t.Context(), n)
			problem(t, err, pos.PossibleDouble)
			if _, err := c.till.Settle(c.t.Context(), id, "cash", "mroy"); err != nil {
				t.Fatal(err)
			}
			c.restart()
		}
		n.Confirm = &pos.Confirmation{By: "jdoe", Why: " "}
		_, err := c.till.Sell(c.t.Context(), n)
		problem(t, err, pos.PossibleDouble)
		n.Confirm.Why = "two bags"
		if _, err := c.till.Sell(c.t.Context(), n); err != nil {
			t.Error(err)
		}
		c.rule(c.sale(id).Attempts[0].Reference, false)
		n.Confirm = nil
		if _, err := c.till.Sell(c.t.Context(), n); err != nil {
			t.Errorf("the doubt is over: %v", err)
		}
	})
}

// Forty cancels whose answers were lost, and after them forty payments that may have been charged. When the line is
// back what may be charged is asked about first, although the cancels are older and there are not places for all.
func TestQuestionsGoBeforeCancels(t *testing.T) {
	story(t, func(c *counter) {
		for i := range 40 {
			c.bank.next(c.bank.never)
			id := c.sell(int64(1000 + i))
			c.scan(id, fmt.Sprintf("2812345678901234%02d", i))
			c.bank.cancels = append(c.bank.cancels, func(*account) (pos.Answer, error) { return pos.Answer{}, errCut })
			if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
				t.Fatal(err)
			}
			c.wait(0)
		}
		for i := range 40 {
			c.bank.next(replyLost(time.Second))
			c.scan(c.sell(int64(2000+i)), fmt.Sprintf("2812345678901235%02d", i))
		}
		c.bank.line(true)
		c.wait(time.Hour)
		before := len(c.bank.said())
		c.bank.mu.Lock()
		for range 40 {
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { time.Sleep(time.Second); return pos.Answer{}, errCut })
		}
		c.bank.mu.Unlock()
		c.bank.line(false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		c.wait(0)
		calls := c.bank.said()[before:]
		if slices.Contains(calls, "cancel") || len(calls) < 32 {
			t.Errorf("the line carried first %q", calls)
		}
		c.wait(time.Hour)
		if !slices.Contains(c.bank.said()[before:], "cancel") {
			t.Error("no cancel went at all")
		}
	}, func(c *counter) { c.limit = 100 })
}
