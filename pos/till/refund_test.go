package till_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
)

// paid takes one sale to its end.
func (c *counter) paid(minor int64, code string) string {
	c.t.Helper()
	id := c.sell(minor)
	c.scan(id, code)
	c.wait(0)
	c.status(id, "paid")
	return id
}

func (c *counter) refund(sale string, minor int64, key string) (pos.Refund, error) {
	r, err := c.till.Refund(c.t.Context(), pos.NewRefund{Sale: sale, Minor: minor, Reason: "returned", By: "mroy", Key: key, KeyHash: fmt.Sprint(sale, minor)})
	c.wait(0)
	return r, err
}

func (c *counter) give(sale string, minor int64, key string) pos.Refund {
	c.t.Helper()
	r, err := c.refund(sale, minor, key)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// stands reads where a refund is in the file.
func (c *counter) stands(id string, want pos.RefundState) pos.Refund {
	c.t.Helper()
	synctest.Wait()
	s, err := c.file.SaleOf(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range s.Refunds {
		if r.ID == id {
			if r.State != want {
				c.t.Errorf("the refund is %s, want %s; %v", r.State, want, c.journalOf(s.ID))
			}
			return r
		}
	}
	c.t.Fatalf("no refund %s", id)
	return pos.Refund{}
}

// Money goes back in parts, each journaled before it leaves, and never more than was paid.
func TestRefundsInParts(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		first := c.give(id, 400, "k1")
		if first.State != pos.RefundOwed {
			t.Errorf("answered as %s", first.State)
		}
		c.stands(first.ID, pos.Refunded)
		c.stands(c.give(id, 600, "k2").ID, pos.Refunded)
		_, err := c.refund(id, 1, "k3")
		problem(t, err, pos.OverRefund)
		if got := c.bank.went(); got != 1000 || c.bank.doubled != 0 {
			t.Errorf("the bank gave %d, %d twice", got, c.bank.doubled)
		}
		c.journaled("0s attempt.started", "0s attempt.leave -> sent", "0s attempt.approve -> approved",
			"0s refund.requested", "0s refund.leave -> sent", "0s refund.done -> refunded",
			"0s refund.requested", "0s refund.leave -> sent", "0s refund.done -> refunded")
		refunded, left := c.sale(id).RefundTotals()
		if refunded != 1000 || left != 0 {
			t.Errorf("refunded %d, left %d", refunded, left)
		}
	})
}

// What cannot be a refund is refused at the door, and nothing is owed.
func TestRefundsThatAreNone(t *testing.T) {
	story(t, func(c *counter) {
		id, open := c.paid(1000, wechatCode), c.sell(500)
		for name, n := range map[string]struct {
			n    pos.NewRefund
			want pos.Problem
		}{
			"nothing":         {pos.NewRefund{Sale: id, Minor: 0, Reason: "r", By: "m"}, pos.BadRequest},
			"less than none":  {pos.NewRefund{Sale: id, Minor: -5, Reason: "r", By: "m"}, pos.BadRequest},
			"too much":        {pos.NewRefund{Sale: id, Minor: 1001, Reason: "r", By: "m"}, pos.OverRefund},
			"no reason":       {pos.NewRefund{Sale: id, Minor: 1, By: "m"}, pos.BadRequest},
			"nobody":          {pos.NewRefund{Sale: id, Minor: 1, Reason: "r", By: " "}, pos.BadRequest},
			"control letters": {pos.NewRefund{Sale: id, Minor: 1, Reason: "r\x00", By: "m"}, pos.BadRequest},
			"an unpaid sale":  {pos.NewRefund{Sale: open, Minor: 1, Reason: "r", By: "m"}, pos.RefundNotPossible},
			"no such sale":    {pos.NewRefund{Sale: "s_none", Minor: 1, Reason: "r", By: "m"}, pos.NotFound},
		} {
			n.n.Key = name
			if _, err := c.till.Refund(c.t.Context(), n.n); pos.ProblemOf(err) != n.want {
				t.Errorf("%s: %v, want %s", name, err, n.want)
			}
		}
		if c.bank.went() != 0 {
			t.Error("money went back")
		}
	})
}

// The same key is the same refund for good, also after a restart; with other words it is refused.
func TestRefundIsAskedOnce(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		first := c.give(id, 400, "k1")
		c.restart()
		again, err := c.refund(id, 400, "k1")
		if err != nil || again.ID != first.ID || again.State != pos.RefundOwed {
			t.Errorf("%+v, %v", again, err)
		}
		_, err = c.refund(id, 500, "k1")
		problem(t, err, pos.KeyMismatch)
		if c.bank.went() != 400 {
			t.Errorf("the bank gave %d", c.bank.went())
		}
	})
}

// The line is down: the refund waits, survives a restart, and goes when the line is back.
func TestRefundWaitsForTheLine(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.line(true)
		r := c.give(id, 300, "k1")
		c.wait(time.Minute)
		c.stands(r.ID, pos.RefundOwed)
		c.restart()
		c.wait(time.Minute)
		c.stands(r.ID, pos.RefundOwed)
		c.bank.line(false)
		c.wait(time.Minute)
		c.stands(r.ID, pos.Refunded)
		if c.bank.went() != 300 {
			t.Errorf("the bank gave %d", c.bank.went())
		}
	})
}

// What has not left can be taken back; what has left cannot.
func TestWithdrawARefund(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.line(true)
		r := c.give(id, 300, "k1")
		after, err := c.till.Withdraw(c.t.Context(), r.ID, "mroy")
		if err != nil || after.State != pos.Withdrawn {
			t.Errorf("%v, %v", after.State, err)
		}
		if _, err := c.till.Withdraw(c.t.Context(), r.ID, "mroy"); err != nil {
			t.Errorf("once more: %v", err)
		}
		c.bank.line(false)
		c.wait(time.Minute)
		done := c.give(id, 1000, "k2") // all of it is free again
		c.stands(done.ID, pos.Refunded)
		_, err = c.till.Withdraw(c.t.Context(), done.ID, "mroy")
		problem(t, err, pos.RefundNotPossible)
		_, err = c.till.Withdraw(c.t.Context(), "r_none", "mroy")
		problem(t, err, pos.NotFound)
	})
}

// A refund that cannot leave for a day is withdrawn by itself.
func TestRefundLapsesAfterADay(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.line(true)
		r := c.give(id, 300, "k1")
		c.wait(23 * time.Hour)
		c.stands(r.ID, pos.RefundOwed)
		c.wait(3 * time.Hour)
		c.stands(r.ID, pos.Withdrawn)
		c.bank.line(false)
		c.wait(time.Hour)
		if c.bank.went() != 0 {
			t.Error("it went all the same")
		}
	})
}

// Not now, the same number later.
func TestDeferredRefund(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.refunds(func(pos.Refund) (pos.RefundAnswer, error) {
			return pos.RefundAnswer{Event: pos.RefundDefer, Reason: "NOTENOUGH", NotBefore: time.Now().Add(time.Hour)}, nil
		})
		r := c.give(id, 300, "k1")
		c.wait(59 * time.Minute)
		c.stands(r.ID, pos.RefundOwed)
		c.wait(10 * time.Minute)
		c.stands(r.ID, pos.Refunded)
	})
}

// The answer is lost. The money may have gone back: it is looked up and never sent again where that could
// give it twice. What nobody finds calls a manager, whose word stays open to proof.
func TestDoubtfulRefund(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.refunds(func(r pos.Refund) (pos.RefundAnswer, error) {
			c.bank.give(pos.Attempt{Theirs: c.sale(id).Attempts[0].Theirs}, r)
			return pos.RefundAnswer{Reason: "timeout"}, errCut
		})
		went := c.give(id, 300, "k1")
		c.wait(time.Minute)
		c.stands(went.ID, pos.Refunded)

		c.bank.refunds(gone)
		lost := c.give(id, 200, "k2")
		c.wait(time.Minute)
		if r := c.stands(lost.ID, pos.RefundDoubtful); !r.NeedsManager(c.bank.can, time.Now()) {
			t.Error("nobody is called")
		}
		c.troubled(pos.TroubleNeedsManager, true)
		_, err := c.refund(id, 501, "k3")
		problem(t, err, pos.OverRefund) // what is in doubt is bound
		ruled, err := c.till.RuleRefund(c.t.Context(), lost.ID, false, "not on the portal", "manager")
		if err != nil || ruled.State != pos.RuledRefused {
			t.Fatalf("%v, %v", ruled.State, err)
		}
		c.troubled(pos.TroubleNeedsManager, false)
		c.stands(c.give(id, 700, "k4").ID, pos.Refunded)
		if _, err := c.till.RuleRefund(c.t.Context(), lost.ID, true, "found it", "manager"); pos.ProblemOf(err) != pos.RulingNotOpen {
			t.Errorf("more would have gone back than was paid: %v", err)
		}
		if c.bank.went() != 1000 || c.bank.doubled != 0 {
			t.Errorf("the bank gave %d, %d twice", c.bank.went(), c.bank.doubled)
		}
	})
}

// Where the acquirer knows a number again, what nobody finds is sent again, with the same number.
func TestRefundSentAgain(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.refunds(gone, gone)
		r := c.give(id, 300, "k1")
		c.wait(10 * time.Minute)
		c.stands(r.ID, pos.Refunded)
		c.troubled(pos.TroubleNeedsManager, false)
		if c.bank.went() != 300 || c.bank.doubled != 0 {
			t.Errorf("the bank gave %d, %d twice", c.bank.went(), c.bank.doubled)
		}
	}, func(c *counter) { c.bank.can.RefundIdempotent = true })
}

// A refusal of the second sending says nothing about the first: a look-up must.
func TestRefusalOfASecondSending(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.refunds(gone, func(r pos.Refund) (pos.RefundAnswer, error) {
			c.bank.give(pos.Attempt{Theirs: c.sale(id).Attempts[0].Theirs}, r)
			return pos.RefundAnswer{Event: pos.RefundRefuse, Reason: "already refunded"}, nil
		})
		r := c.give(id, 300, "k1")
		c.wait(10 * time.Minute)
		c.stands(r.ID, pos.Refunded)
	}, func(c *counter) { c.bank.can.RefundIdempotent = true })
}

// A refusal is the end of it, and frees what it bound; an acceptance is asked about until it is done.
func TestRefusedAndAcceptedRefunds(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.refunds(says(pos.RefundRefuse, "A3"), says(pos.RefundAccept, ""))
		c.stands(c.give(id, 1000, "k1").ID, pos.Refused)
		r := c.give(id, 1000, "k2")
		c.stands(r.ID, pos.RefundProcessing)
		c.bank.mu.Lock()
		c.bank.lookups = append(c.bank.lookups, says(pos.RefundAccept, ""), says(pos.RefundAccept, ""), says(pos.RefundDone, ""))
		c.bank.mu.Unlock()
		c.wait(20 * time.Minute)
		c.stands(r.ID, pos.Refunded)
	})
}

// The file fails at the worst moments; money goes back once, or is still owed.
func TestRefundOverAFailingFile(t *testing.T) {
	for _, kind := range []pos.Kind{pos.RefundAsked, pos.KindOfRefund(pos.RefundLeave), pos.KindOfRefund(pos.RefundDone)} {
		for _, happened := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " happened=", happened), func(t *testing.T) {
				story(t, func(c *counter) {
					id := c.paid(1000, wechatCode)
					c.file.mu.Lock()
					c.file.fail = append(c.file.fail, fault{kind, happened})
					c.file.mu.Unlock()
					if _, err := c.refund(id, 300, "k1"); err != nil {
						problem(t, err, pos.StorageFailed)
					}
					c.wait(time.Minute)
					c.give(id, 300, "k1") // whoever got no answer asks again with the same key
					c.wait(time.Hour)
					s := c.sale(id)
					refunded, _ := s.RefundTotals()
					if refunded != 300 || c.bank.went() != 300 || c.bank.doubled != 0 {
						t.Errorf("the file says %d, the bank gave %d, %d twice: %v", refunded, c.bank.went(), c.bank.doubled, c.journalOf(id))
					}
				})
			})
		}
	}
}

// A second payment of one sale is an orphan until it has gone back.
func TestOrphanIsRefunded(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(1000)
		c.bank.next(replyLost(time.Second)) // the cashier is faster
		c.scan(id, wechatCode)
		if _, err := c.till.Settle(c.t.Context(), id, "cash", "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(time.Minute)
		s := c.sale(id)
		if !s.Orphan() || s.Status() != "settled" {
			t.Fatalf("%s, orphan %v", s.Status(), s.Orphan())
		}
		c.troubled(pos.TroubleOrphan, true)
		c.stands(c.give(id, 1000, "k1").ID, pos.Refunded)
		if s := c.sale(id); s.Orphan() {
			t.Error("it went back and is still an orphan")
		}
	})
}
