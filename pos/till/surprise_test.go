package till_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"posd/pos"
)

// unsurprised insists that nobody was told of a ruling that was wrong, or of money that came or went late.
func (c *counter) unsurprised() {
	c.t.Helper()
	for _, code := range []pos.TroubleCode{pos.TroubleRuling, pos.TroublePaidLate, pos.TroubleRefundLate} {
		c.troubled(code, false)
	}
}

// Sales and refunds that end as they do every day surprise nobody.
func TestEveryDayIsNoSurprise(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.declined)
		c.scan(c.sell(100), wechatCode)
		id := c.paid(200, alipayCode)
		c.stands(c.give(id, 50, "k1").ID, pos.Refunded)
		c.bank.refunds(says(pos.RefundRefuse, "A3"))
		c.stands(c.give(id, 50, "k2").ID, pos.Refused)
		c.bank.next(c.bank.never)
		given := c.sell(300)
		c.scan(given, "281234567890123457")
		if _, err := c.till.Cancel(c.t.Context(), given, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(time.Minute)
		c.status(given, "cancelled")
		c.unsurprised()
	})
}

// A manager ruled on a refund while the question about it was on its way. An answer that says the opposite is told of;
// one that agrees is not, nor is a manager who thinks again.
func TestAnswerAfterARulingOnARefund(t *testing.T) {
	for _, ruled := range []bool{false, true} {
		for _, answer := range []pos.RefundEvent{pos.RefundDone, pos.RefundRefuse, pos.RefundSilence} {
			t.Run(fmt.Sprintf("ruled done %v, %s", ruled, answer), func(t *testing.T) {
				story(t, func(c *counter) {
					id := c.paid(100, wechatCode)
					c.bank.refunds(gone)
					r := c.give(id, 30, "k1")
					c.wait(time.Hour)
					release := make(chan struct{})
					c.bank.mu.Lock()
					c.bank.lookups = append(c.bank.lookups, func(r pos.Refund) (pos.RefundAnswer, error) {
						<-release
						return says(answer, "")(r)
					})
					c.bank.mu.Unlock()
					if err := c.till.Sync(c.t.Context()); err != nil {
						t.Fatal(err)
					}
					c.wait(0)
					for _, done := range []bool{!ruled, ruled} {
						if _, err := c.till.RuleRefund(c.t.Context(), r.ID, done, "the portal says so", "manager"); err != nil {
							t.Fatal(err)
						}
					}
					c.unsurprised()
					close(release)
					c.wait(0)
					opposite := map[pos.RefundEvent]bool{pos.RefundDone: !ruled, pos.RefundRefuse: ruled}[answer]
					c.troubled(pos.TroubleRuling, opposite)
					c.troubled(pos.TroubleRefundLate, false)
					c.troubled(pos.TroubleOddAnswer, false)
				})
			})
		}
	}
}

// It cannot be written down that a cancel leaves: then it does not leave.
func TestNoCancelWithoutAJournal(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.never)
		id := c.sell(100)
		c.scan(id, alipayCode)
		c.file.mu.Lock()
		c.file.fail, c.file.shut = []fault{{pos.KindOf(pos.CancelLeave), false}}, 60
		c.file.mu.Unlock()
		if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(30 * time.Second)
		if slices.Contains(c.bank.said(), "cancel") {
			t.Error("a cancel left that is not in the journal")
		}
		c.wait(2 * time.Minute)
		c.status(id, "cancelled")
	})
}

// Nobody knows what became of a payment. While the shopper is likely there it is asked every few seconds, then after a
// minute, two, four, and so on up to a quarter of an hour.
func TestEverMoreSeldom(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.swallowed(0))
		c.scan(c.sell(100), wechatCode)
		var waits []int
		tries, last := len(c.bank.said()), 0
		for second := range 2 * 3600 {
			c.wait(time.Second)
			if n := len(c.bank.said()); n > tries {
				if waited := second - last; len(waits) == 0 || waits[len(waits)-1] != waited || waited > 3 {
					waits = append(waits, waited)
				}
				tries, last = n, second
			}
		}
		if want := []int{2, 3, 60, 120, 240, 480, 900, 900, 900, 900, 900, 900}; !slices.Equal(waits, want) {
			t.Errorf("asked after seconds: %v, want %v", waits, want)
		}
	})
}
