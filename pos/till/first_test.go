package till_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
)

// The shopper's charge waited for the log, the screens and whoever had asked for it, which all were told that it was
// about to leave. It goes first; they hear of it a millisecond later.
func TestTheChargeGoesBeforeTheWordOfIt(t *testing.T) {
	var mu sync.Mutex
	var told []pos.Kind
	heard := func() []pos.Kind {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(told)
	}
	story(t, func(c *counter) {
		id := c.sell(100)
		c.bank.charges = append(c.bank.charges, func(_ context.Context, a *account) (pos.Answer, error) {
			synctest.Wait() // everybody has done what there is to do but us
			if early := heard(); slices.Contains(early, pos.KindOf(pos.Leave)) {
				t.Errorf("told before the first byte: %v", early)
			}
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			if since := heard(); !slices.Contains(since, pos.KindOf(pos.Leave)) {
				t.Errorf("not told while the shopper waits: %v", since)
			}
			return c.bank.say(a), nil
		})
		c.scan(id, wechatCode)
		c.wait(time.Second)
		c.status(id, "paid")
	}, func(c *counter) {
		c.grew = func(g pos.Growth) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range g.Entries {
				told = append(told, e.Kind)
			}
		}
	})
}

// A used code is scanned for a sale that the scanner does not wait for: it is refused, and the scanner waits for nothing.
func TestAUsedCodeArmsNothing(t *testing.T) {
	story(t, func(c *counter) {
		if _, err := c.till.Arm(c.t.Context(), c.sell(100)); err != nil {
			t.Fatal(err)
		}
		c.till.Scanned(scanned(wechatCode))
		c.wait(time.Second)
		_, err := c.till.Scan(c.t.Context(), c.sell(200), scanned(wechatCode))
		problem(t, err, pos.UsedCode)
		c.wait(0)
		if s := c.standing(); s.Armed != "" || s.Unfinished != 0 {
			t.Errorf("armed for %q, %d unfinished", s.Armed, s.Unfinished)
		}
	})
}

// The call is made ready while the file is asked whether the code was used. A used one is refused as before: nothing of
// it leaves or is written down, the scanner waits on, and the next code pays.
func TestAUsedCodeDoesNotLeave(t *testing.T) {
	story(t, func(c *counter) {
		c.paid(100, wechatCode)
		id := c.sell(200)
		if _, err := c.till.Arm(c.t.Context(), id); err != nil {
			t.Fatal(err)
		}
		before := len(c.journal())
		c.till.Scanned(scanned(wechatCode))
		c.wait(time.Second)
		if after := c.journal(); len(after) != before || c.standing().Armed != id || c.standing().Unfinished != 0 {
			t.Errorf("armed %q, %d unfinished, and written down: %v", c.standing().Armed, c.standing().Unfinished, after[before:])
		}
		c.till.Scanned(scanned(alipayCode))
		c.wait(time.Second)
		c.status(id, "paid")
		if !slices.Equal(c.felt, []bool{false, true}) {
			t.Errorf("felt at the scanner: %v", c.felt)
		}
	})
}
