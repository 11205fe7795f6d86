package till_test

import (
	"errors"
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
					r := c.give(id, 100, "k1")
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
					entries, err := c.file.Entries(c.t.Context(), 0, 100)
					if b := entries[len(entries)-1].Body; err != nil || b.Wallet != pos.WeChat || b.Amount != 100 || !b.Late {
						t.Errorf("the row of the ruling says %+v, %v", b, err)
					}
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

// Nobody finds a refund: it is looked for at once, after half a minute, one, two, four, and so on up to a quarter of an hour.
func TestARefundIsLookedForEverMoreSeldom(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		c.bank.refunds(gone)
		c.give(id, 30, "k1")
		var waits []int
		tries, last := len(c.bank.said()), -1
		for second := range 3600 {
			c.wait(time.Second)
			if n := len(c.bank.said()); n > tries {
				waits = append(waits, second-last)
				tries, last = n, second
			}
		}
		if want := []int{30, 60, 120, 240, 480, 900, 900}; !slices.Equal(waits, want) {
			t.Errorf("looked for after seconds: %v, want %v", waits, want)
		}
	})
}

// A success was written down although the commit seemed to fail, and is learned once more from the file that is open
// again: that is no odd answer.
func TestSuccessThatWasWrittenAllTheSame(t *testing.T) {
	for name, play := range map[pos.Event]func(c *counter) string{
		pos.Approve: func(c *counter) string {
			id := c.sell(100)
			c.scan(id, wechatCode)
			return id
		},
		pos.TooLate: func(c *counter) string {
			c.bank.next(c.bank.never)
			c.bank.cancels = append(c.bank.cancels, func(a *account) (pos.Answer, error) { // the shopper confirms at this moment
				c.bank.pay(a)
				return c.bank.voided(a), nil
			})
			id := c.sell(100)
			c.scan(id, alipayCode)
			if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
				c.t.Fatal(err)
			}
			return id
		},
	} {
		story(t, func(c *counter) {
			c.file.mu.Lock()
			c.file.fail = []fault{{pos.KindOf(name), true}}
			c.file.mu.Unlock()
			id := play(c)
			c.wait(time.Minute)
			c.status(id, "paid")
			c.troubled(pos.TroubleOddAnswer, false)
			if kinds := c.journalOf(id); slices.Contains(kinds, string(pos.AttemptOdd)) {
				t.Errorf("%s: %q", name, kinds)
			}
		})
	}
}

// A refund has waited a day when the file fails: it is withdrawn as soon as the file is there again, and not before.
func TestRefundLapsesOverAFailingFile(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		c.bank.line(true)
		r := c.give(id, 30, "k1")
		c.file.mu.Lock()
		c.file.fail, c.file.shut = []fault{{pos.KindOfRefund(pos.RefundLapse), false}}, 60
		c.file.mu.Unlock()
		c.wait(24*time.Hour + 30*time.Second)
		c.stands(r.ID, pos.RefundOwed)
		c.wait(time.Hour)
		c.stands(r.ID, pos.Withdrawn)
	})
}

// A cancel has left and the acquirer never heard of the payment. It may still be on its way: only when the code is
// dead and the acquirer's books have settled, and it says so again, is it over.
func TestNeverHeardOfIt(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.swallowed(0))
		id := c.sell(100)
		c.scan(id, wechatCode)
		if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(3 * time.Minute)
		c.status(id, "cancelling")
		c.wait(20 * time.Minute)
		c.status(id, "cancelled")
		c.troubled(pos.TroubleNeedsManager, false)
	}, func(c *counter) { c.bank.can.ByReference, c.bank.can.Settle = true, time.Minute })
}

// The queue says of a refund how often it was tried, when the next try is, and whose move it is.
func TestOutlookOfARefund(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		release := make(chan struct{})
		c.bank.refunds(func(r pos.Refund) (pos.RefundAnswer, error) { <-release; return gone(r) })
		r := c.give(id, 30, "k1")
		if o := c.standing().Outlooks[r.Reference]; !o.Calling || o.Tries != 1 || !o.Next.IsZero() {
			t.Errorf("while it is under way: %+v", o)
		}
		second := c.give(c.paid(200, alipayCode), 30, "k2")
		if o, told := c.standing().Outlooks[second.Reference]; told {
			t.Errorf("one that waits for its turn: %+v", o)
		}
		close(release)
		c.wait(10 * time.Minute)
		o := c.standing().Outlooks[r.Reference]
		if o.Calling || o.Tries < 3 || !o.NeedsManager || !o.Next.After(time.Now()) {
			t.Errorf("when it was asked about: %+v", o)
		}
		c.stands(second.ID, pos.Refunded)
		if s := c.standing(); s.Refunds != 1 || s.Unfinished != 1 {
			t.Errorf("%d refunds, %d unfinished", s.Refunds, s.Unfinished)
		}
	})
}

// A manager has ruled on a refund, and nobody thinks of it any more, when it is answered. Where the disk cannot be read
// the answer is kept until it can; where the file knows of no such refund, that is no fault of the disk.
func TestAnswerAboutARefundOverAFailingFile(t *testing.T) {
	for _, unknown := range []bool{false, true} {
		story(t, func(c *counter) {
			id := c.paid(100, wechatCode)
			c.bank.refunds(gone)
			r := c.give(id, 100, "k1")
			c.wait(time.Hour)
			release := make(chan struct{})
			c.bank.mu.Lock()
			c.bank.lookups = append(c.bank.lookups, func(r pos.Refund) (pos.RefundAnswer, error) { <-release; return says(pos.RefundDone, "")(r) })
			c.bank.mu.Unlock()
			if err := c.till.Sync(c.t.Context()); err != nil {
				t.Fatal(err)
			}
			c.wait(0)
			if _, err := c.till.RuleRefund(c.t.Context(), r.ID, false, "not on the portal", "manager"); err != nil {
				t.Fatal(err)
			}
			failure := errors.New("disk I/O error")
			if unknown {
				failure = pos.Refuse("store.sale", pos.NotFound, "%s", r.Reference)
			}
			c.file.mu.Lock()
			c.file.blind = append(c.file.blind, failure)
			c.file.mu.Unlock()
			close(release)
			c.wait(10 * time.Second)
			c.file.mu.Lock()
			reopened := c.file.shut < 0
			c.file.mu.Unlock()
			if reopened == unknown {
				t.Errorf("unknown %v: the file was opened again: %v", unknown, reopened)
			}
			c.stands(r.ID, map[bool]pos.RefundState{false: pos.Refunded, true: pos.RuledRefused}[unknown])
		})
	}
}

// A refund finds no connection: everybody knows at once that the line is gone.
func TestARefundFindsTheLineGone(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		c.bank.line(true)
		c.give(id, 30, "k1")
		if got := c.standing().Connection.State; got != pos.Offline {
			t.Errorf("the line is %s", got)
		}
	})
}

// One call that brings nothing may be chance; after the second in a row the line is called gone.
func TestTwoSilencesInARow(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(time.Second))
		for range 4 {
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { time.Sleep(time.Second); return pos.Answer{}, errCut })
		}
		c.scan(c.sell(100), wechatCode)
		for _, want := range []pos.ConnectionState{pos.Degraded, pos.Offline} {
			c.wait(1500 * time.Millisecond)
			if got := c.standing().Connection.State; got != want {
				t.Errorf("after %s the line is %s, want %s", time.Since(c.began), got, want)
			}
		}
	}, func(c *counter) { c.bank.can.ByReference = true })
}

// A shopper is given up while the charge is on its way, and a manager rules that nothing was paid, because nobody can
// be asked. Then the charge is answered after all: that counts.
func TestChargeAnswersAfterARuling(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.slow(40 * time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(5 * time.Second)
		if _, err := c.till.Rule(c.t.Context(), c.sale(id).Attempts[0].Reference, false, "not on the portal", "manager"); err != nil {
			t.Fatal(err)
		}
		c.wait(time.Minute)
		if a := c.sale(id).Attempts[0]; a.State != pos.Approved {
			t.Errorf("the attempt is %s: %v", a.State, c.journalOf(id))
		}
		c.troubled(pos.TroublePaidLate, true)
		c.troubled(pos.TroubleOrphan, true)
	}, func(c *counter) { c.bank.can.Searchable = false })
}
