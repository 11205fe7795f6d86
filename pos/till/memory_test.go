package till_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"posd/pos"
)

// Two sales at one counter: the code of the first waits for the line, the scanner is armed for the second,
// and a fresh code comes for the first. Nothing is forgotten in the middle of a charge.
func TestFreshCodeWhileAnotherSaleIsArmed(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.line(true)
		a, b := c.sell(100), c.sell(200)
		c.scan(a, wechatCode)
		c.status(a, "held")
		if _, err := c.till.Arm(c.t.Context(), b); err != nil {
			t.Fatal(err)
		}
		c.wait(0) // the probe has found the line dead
		c.bank.line(false)
		c.scan(a, alipayCode)
		c.wait(0)
		c.status(a, "paid")
		if s := c.sale(a); s.Attempts[0].State != pos.Unsent {
			t.Errorf("the first code is %s", s.Attempts[0].State)
		}
	}, func(c *counter) { c.hold = 25 * time.Second })
}

// The acquirer says that the shopper types, but under no id. Nobody can ask about that: it becomes doubt,
// is searched, and calls a manager; it never waits for ever.
func TestPendingWithoutAnID(t *testing.T) {
	for found, want := range map[bool]string{true: "paid", false: "checking"} {
		story(t, func(c *counter) {
			c.bank.next(func(ctx context.Context, a *account) (pos.Answer, error) {
				if !found {
					c.bank.drop(a)
				}
				return pos.Answer{Event: pos.Pend}, nil
			})
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.wait(time.Minute)
			c.status(id, want)
			c.troubled(pos.TroubleNeedsManager, !found)
			c.troubled(pos.TroubleOddAnswer, false)
		})
	}
}

// A manager ruled that nothing was paid, and the sale was cancelled; the answer that was still on its way
// says paid. That is an orphan, said aloud, and both the file and the memory know it.
func TestProofAfterARulingIsAnOrphan(t *testing.T) {
	story(t, func(c *counter) {
		release := make(chan struct{})
		c.bank.next(c.bank.swallowed(time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(2 * time.Second)
		ref := c.sale(id).Attempts[0].Reference
		if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.bank.revive(ref, release) // it arrived late; the next inquiry hangs until the manager has ruled
		c.wait(4 * time.Second)
		if _, err := c.till.Rule(c.t.Context(), ref, false, "not on the portal", "manager"); err != nil {
			t.Fatal(err)
		}
		c.status(id, "cancelled")
		close(release)
		c.wait(time.Second)
		if s := c.sale(id); !s.Orphan() {
			t.Errorf("the sale is %s, its attempt %s", s.Status(), s.Attempts[0].State)
		}
		c.troubled(pos.TroubleOrphan, true)
		c.troubled(pos.TroublePaidLate, true)
	})
}

// The reply to a command tells what the file says, also when another sale is in hand.
func TestReplyIsTheNewState(t *testing.T) {
	for name, end := range map[string]func(c *counter, id string) (pos.Sale, error){
		"cancelled": func(c *counter, id string) (pos.Sale, error) { return c.till.Cancel(c.t.Context(), id, "mroy") },
		"settled":   func(c *counter, id string) (pos.Sale, error) { return c.till.Settle(c.t.Context(), id, "cash", "mroy") },
	} {
		story(t, func(c *counter) {
			a, b := c.sell(100), c.sell(200)
			if _, err := c.till.Arm(c.t.Context(), a); err != nil {
				t.Fatal(err)
			}
			c.scan(b, wechatCode)
			s, err := end(c, a)
			if err != nil || s.Status() != name {
				t.Errorf("%s: the reply says %s, %v", name, s.Status(), err)
			}
			c.status(a, name)
			c.wait(0)
			if armed := c.standing().Armed; armed != "" {
				t.Errorf("the scanner still waits for %s", armed)
			}
		})
	}
}

// A cancel is owed one more question; a busy line must not make it forget to put it.
func TestManyCancelsAllAskFirst(t *testing.T) {
	story(t, func(c *counter) {
		var ids []string
		for i := range 40 {
			c.bank.next(c.bank.never)
			id := c.sell(int64(1000 + i))
			c.scan(id, fmt.Sprintf("2812345678901234%02d", i))
			ids = append(ids, id)
		}
		c.wait(time.Second)
		c.bank.mu.Lock()
		for range 32 { // as many questions as there are places hang; what pays meanwhile must not be cancelled unasked
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { time.Sleep(5 * time.Second); return pos.Answer{}, errCut })
		}
		c.bank.mu.Unlock()
		for _, id := range ids {
			if _, err := c.till.Cancel(c.t.Context(), id, ""); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range ids[32:] {
			c.bank.confirm(c.sale(id).Attempts[0].Reference)
		}
		c.wait(time.Minute)
		for _, id := range ids[32:] {
			for _, line := range c.journalOf(id) {
				if line == "attempt.cancel_leave" {
					t.Errorf("%s was cancelled without the question it was owed", id)
				}
			}
		}
	}, func(c *counter) { c.limit = 50 })
}
