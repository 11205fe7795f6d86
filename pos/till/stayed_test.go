package till_test

import (
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// The disk fails twice around one charge: first the leave, although it had happened, then the answer. That the first
// call sent nothing says nothing of the second, which the bank has answered.
func TestPaidOverTwoFailedCommits(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(100)
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.KindOf(pos.Leave), true}, {pos.KindOf(pos.Approve), false}}
		c.file.mu.Unlock()
		if _, err := c.till.Scan(c.t.Context(), id, scanned(wechatCode)); pos.ProblemOf(err) != pos.StorageFailed {
			t.Errorf("the scan: %v", err)
		}
		c.wait(time.Minute)
		c.status(id, "paid")
		if t.Failed() {
			t.Log("\n" + strings.Join(c.journal(), "\n"))
		}
	}, func(c *counter) { c.hold = 25 * time.Second })
}

// The disk fails under the answer to a charge, and once more when it is learned from the file that is open again.
func TestPaidOverAnAnswerThatFailsTwice(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(100)
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.KindOf(pos.Approve), false}, {pos.KindOf(pos.Approve), false}}
		c.file.mu.Unlock()
		c.scan(id, wechatCode)
		c.wait(10 * time.Second)
		c.status(id, "paid")
		c.troubled(pos.TroubleStorage, false)
	})
}

// A refund was answered, and neither that nor what a restart means to it can be written down: people know that the file
// fails as long as it does, and then the answer counts.
func TestRefundAnswerOverAFileThatFailsOn(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.KindOfRefund(pos.RefundDone), false}}
		for range 60 {
			c.file.fail = append(c.file.fail, fault{pos.KindOfRefund(pos.RefundSilence), false})
		}
		c.file.mu.Unlock()
		r := c.give(id, 30, "k1")
		c.wait(30 * time.Second)
		c.stands(r.ID, pos.RefundSent)
		c.troubled(pos.TroubleStorage, true)
		c.wait(2 * time.Minute)
		c.stands(r.ID, pos.Refunded)
		c.troubled(pos.TroubleStorage, false)
	})
}

// The same around a refund: the one that has gone is not sent again.
func TestRefundOverTwoFailedCommits(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		c.file.mu.Lock()
		c.file.shut = 3
		c.file.fail = []fault{{pos.KindOfRefund(pos.RefundLeave), false}, {pos.KindOfRefund(pos.RefundDone), false}}
		c.file.mu.Unlock()
		if _, err := c.refund(id, 30, "k1"); err != nil && pos.ProblemOf(err) != pos.StorageFailed {
			t.Errorf("the refund: %v", err)
		}
		c.wait(10 * time.Minute)
		if c.bank.went() != 30 || c.bank.doubled != 0 {
			t.Errorf("%d went back, %d of it twice\n%s", c.bank.went(), c.bank.doubled, strings.Join(c.journal(), "\n"))
		}
	})
}
