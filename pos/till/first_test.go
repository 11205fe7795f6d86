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
