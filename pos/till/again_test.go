package till_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// The line comes and goes for hours. The search finds nothing, then nobody answers, then it finds nothing again: the
// journal says each once and does not grow by a row a try, a manager stays called, and a restart changes nothing.
func TestTheSameTwoWordsForHours(t *testing.T) {
	for name, play := range map[string]func(*counter) string{
		"a payment that may have gone": func(c *counter) string {
			c.bank.next(c.bank.swallowed(time.Second))
			id := c.sell(100)
			c.scan(id, wechatCode)
			return id
		},
		"a cancel that has left": func(c *counter) string {
			c.bank.next(c.bank.swallowed(time.Second))
			id := c.sell(100)
			c.scan(id, wechatCode)
			if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
				c.t.Fatal(err)
			}
			return id
		},
		"a refund that may have gone": func(c *counter) string {
			id := c.paid(100, wechatCode)
			c.bank.refunds(gone)
			c.give(id, 30, "k1")
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(c *counter) {
				id := play(c)
				c.wait(2 * time.Minute)
				rows := 0
				for tried := range 24 {
					if tried == 3 {
						rows = len(c.journalOf(id))
					}
					if tried == 12 {
						c.restart()
					}
					c.bank.line(tried%2 == 0)
					c.wait(20 * time.Minute)
					c.troubled(pos.TroubleNeedsManager, true)
				}
				if kinds := c.journalOf(id); len(kinds) != rows {
					t.Errorf("after hours of the same two words the journal says %s", strings.Join(kinds, " "))
				}
				c.bank.line(false)
				c.wait(20 * time.Minute)
				if tries := len(c.bank.said()); tries < 15 {
					t.Errorf("only %d tries", tries)
				}
			}, func(c *counter) { c.bank.can.ByReference = name == "a cancel that has left" })
		})
	}
}

// The acquirer refuses our set-up, and a manager is called; then the line goes. That the set-up was refused stands until
// the acquirer says something else.
func TestADeadLineTakesNoManagerBack(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(time.Second))
		for range 3 {
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { return pos.Answer{Event: pos.Silence, Misfit: true}, nil })
		}
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(4 * time.Second)
		c.troubled(pos.TroubleNeedsManager, true)
		rows := c.journalOf(id)
		c.bank.line(true)
		c.wait(20 * time.Second)
		c.troubled(pos.TroubleNeedsManager, true)
		if now := c.journalOf(id); !slices.Equal(now, rows) {
			t.Errorf("it was %q, and is %q", rows, now)
		}
		c.bank.line(false)
		c.wait(20 * time.Second)
		c.status(id, "paid")
		c.troubled(pos.TroubleNeedsManager, false)
	}, func(c *counter) { c.bank.can.ByReference = true })
}

// Nor do we take it back ourselves, when our patience with the shopper is over meanwhile. An answer does, also one without
// news of the payment.
func TestWhatTakesAManagerBack(t *testing.T) {
	refused := func(*account) (pos.Answer, error) { return pos.Answer{Event: pos.Silence, Misfit: true}, nil }
	t.Run("not our patience", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.next(replyLost(time.Second))
			c.bank.answers = append(c.bank.answers, refused, refused, refused)
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.wait(4 * time.Second)
			c.troubled(pos.TroubleNeedsManager, true)
			c.bank.line(true)
			c.wait(3 * time.Minute)
			if rows := c.journalOf(id); !slices.Contains(rows, string(pos.KindOf(pos.GiveUp))) {
				t.Fatalf("it was not given up: %q", rows)
			}
			c.troubled(pos.TroubleNeedsManager, true)
		}, func(c *counter) { c.bank.can.ByReference = true })
	})
	t.Run("an answer without news", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.next(replyLost(time.Second))
			unknown := func(*account) (pos.Answer, error) { return pos.Answer{Event: pos.Silence, Reason: "unknown"}, nil }
			c.bank.answers = append(c.bank.answers, refused, unknown, unknown, unknown, unknown, unknown)
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.wait(10 * time.Second)
			c.status(id, "checking")
			c.troubled(pos.TroubleNeedsManager, false)
		}, func(c *counter) { c.bank.can.ByReference = true })
	})
}

// The same of a refund.
func TestADeadLineTakesNoManagerBackFromARefund(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		refused := func(pos.Refund) (pos.RefundAnswer, error) {
			return pos.RefundAnswer{Event: pos.RefundSilence, Misfit: true}, nil
		}
		c.bank.refunds(gone)
		c.bank.lookups = append(c.bank.lookups, refused, refused, refused)
		c.give(id, 30, "k1")
		for range 600 {
			if c.wait(time.Second); c.sale(id).Refunds[0].Misfit {
				break
			}
		}
		c.troubled(pos.TroubleNeedsManager, true)
		rows := c.journalOf(id)
		c.bank.line(true)
		c.wait(time.Hour)
		c.troubled(pos.TroubleNeedsManager, true)
		if now := c.journalOf(id); !slices.Equal(now, rows) {
			t.Errorf("it was %q, and is %q", rows, now)
		}
	})
}
