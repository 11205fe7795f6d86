package till_test

import (
	"errors"
	"testing"
	"time"

	"posd/pos"
)

// One key is one sale, for good: across retries and restarts. Another request under it is refused.
func TestIdempotency(t *testing.T) {
	story(t, func(c *counter) {
		n := pos.NewSale{Amount: pos.Amount{Minor: 100, Currency: "USD"}, Key: "k1", KeyHash: "h1"}
		first, err := c.till.Sell(c.t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		c.scan(first.ID, wechatCode)
		c.wait(time.Second)
		c.restart()
		again, err := c.till.Sell(c.t.Context(), n)
		if err != nil || again.ID != first.ID || again.Status() != "open" {
			t.Errorf("the answer changed: %+v %v", again, err)
		}
		n.KeyHash = "h2"
		_, err = c.till.Sell(c.t.Context(), n)
		problem(t, err, pos.KeyMismatch)
	})
}

// A second sale of the same sum right after a paid one, or while one is in doubt, needs a manager.
func TestPossibleDouble(t *testing.T) {
	story(t, func(c *counter) {
		n := pos.NewSale{Amount: pos.Amount{Minor: 100, Currency: "USD"}}
		c.scan(c.sell(100), wechatCode)
		c.wait(0)
		_, err := c.till.Sell(c.t.Context(), n)
		problem(t, err, pos.PossibleDouble)
		c.wait(61 * time.Second)
		s, err := c.till.Sell(c.t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		c.bank.next(c.bank.never)
		c.scan(s.ID, alipayCode)
		_, err = c.till.Sell(c.t.Context(), n)
		problem(t, err, pos.PossibleDouble)
	})
}

// Twenty unfinished attempts are enough: the next sale is refused until one has ended.
func TestTooManyUnfinished(t *testing.T) {
	story(t, func(c *counter) {
		for i := range 20 {
			c.bank.next(c.bank.never)
			id := c.sell(int64(1000 + i))
			c.scan(id, wechatCode[:16]+string(rune('0'+i/10))+string(rune('0'+i%10)))
		}
		_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 1, Currency: "USD"}})
		problem(t, err, pos.TooManyUnfinished)
		c.wait(2 * time.Minute)
		c.sell(1)
	})
}

// Money that comes after every kind of ending is written down, said aloud, and never dropped.
func TestLateMoney(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(2 * time.Second))
		release := make(chan struct{})
		c.bank.answers = append(c.bank.answers, func(a *account) (pos.Answer, error) {
			<-release
			return c.bank.say(a), nil
		})
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(3 * time.Second) // the inquiry hangs; meanwhile the shopper pays in cash
		if _, err := c.till.Settle(c.t.Context(), id, "cash", "mroy"); err != nil {
			t.Fatal(err)
		}
		close(release)
		c.wait(time.Second)
		s := c.sale(id)
		if s.Status() != "settled" || s.Attempts[0].State != pos.Approved || !s.Orphan() {
			t.Errorf("the sale is %s, its attempt %s", s.Status(), s.Attempts[0].State)
		}
		c.troubled(pos.TroubleOrphan, true)
	})
}

// The day closes by itself at the cut-off with a Z number, whatever is open, and the next sale opens the next.
func TestDayClosesAtTheCutoff(t *testing.T) {
	story(t, func(c *counter) {
		c.wait(10 * time.Hour)
		c.bank.next(nil, c.bank.swallowed(time.Second))
		c.scan(c.sell(100), wechatCode)
		c.scan(c.sell(200), alipayCode)
		c.wait(24 * time.Hour)
		days, err := c.file.Days(c.t.Context(), 10)
		if err != nil || len(days) != 1 || days[0].Z != 1 || days[0].Day != "2000-01-01" || days[0].Closed.Hour() != 4 {
			t.Fatalf("days: %+v %v", days, err)
		}
		c.sell(300)
		if day, open, err := c.file.OpenDay(c.t.Context()); err != nil || !open || day.Day != "2000-01-02" {
			t.Errorf("open day: %+v %v %v", day, open, err)
		}
	})
}

// A sale refuses what cannot be money.
func TestSellRefuses(t *testing.T) {
	story(t, func(c *counter) {
		for name, n := range map[string]pos.NewSale{
			"nothing":          {Amount: pos.Amount{Minor: 0, Currency: "USD"}},
			"less":             {Amount: pos.Amount{Minor: -1, Currency: "USD"}},
			"a negative tip":   {Amount: pos.Amount{Minor: 1, Currency: "USD"}, Tip: -1},
			"too much":         {Amount: pos.Amount{Minor: 1 << 62, Currency: "USD"}, Tip: 1 << 62},
			"eleven digits":    {Amount: pos.Amount{Minor: 9_999_999_999, Currency: "USD"}, Tip: 1},
			"another currency": {Amount: pos.Amount{Minor: 1, Currency: "CAD"}},
			"a line break":     {Amount: pos.Amount{Minor: 1, Currency: "USD"}, Ticket: "A\n1"},
			"a code as ticket": {Amount: pos.Amount{Minor: 1, Currency: "USD"}, Ticket: wechatCode},
			"a code in a note": {Amount: pos.Amount{Minor: 1, Currency: "USD"}, Note: "paid with " + alipayCode},
		} {
			if _, err := c.till.Sell(c.t.Context(), n); err == nil || pos.ProblemOf(err) != pos.BadRequest {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 9_999_999_998, Currency: "USD"}, Tip: 1}); err != nil {
			t.Errorf("ten digits: %v", err)
		}
		_, err := c.till.Cancel(c.t.Context(), "s_none", "")
		problem(t, err, pos.NotFound)
		if _, err := c.till.Scan(c.t.Context(), "s_none", scanned(wechatCode)); !errors.As(err, new(*pos.Error)) {
			t.Error(err)
		}
	})
}
