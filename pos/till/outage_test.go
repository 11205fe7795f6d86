package till_test

import (
	"testing"
	"time"

	"posd/pos"
)

// Power fails in each unfinished state; after the restart every attempt ends as the bank has it.
func TestRestart(t *testing.T) {
	t.Run("shopper was typing", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.next(c.bank.password(10 * time.Second))
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.wait(time.Second)
			c.restart()
			c.wait(15 * time.Second)
			c.status(id, "paid")
		})
	})
	t.Run("the charge was in flight", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.next(replyLost(time.Hour))
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.wait(time.Second)
			c.restart()
			c.wait(5 * time.Second)
			c.status(id, "paid")
			if c.bank.blankets != 0 {
				t.Error("the restart charged again")
			}
		})
	})
	t.Run("a cancel was in flight", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.next(c.bank.never)
			c.bank.cancels = append(c.bank.cancels, func(*account) (pos.Answer, error) { time.Sleep(time.Minute); return pos.Answer{}, errCut })
			id := c.sell(100)
			c.scan(id, alipayCode)
			c.wait(time.Second)
			if _, err := c.till.Cancel(c.t.Context(), id, ""); err != nil {
				t.Fatal(err)
			}
			c.wait(time.Second)
			c.restart() // the minute that the cancel's answer takes is over by then
			c.wait(5 * time.Second)
			c.status(id, "cancelled")
			if s := c.sale(id); s.End != pos.EndCancelled {
				t.Error("the cashier's wish to cancel did not survive the restart")
			}
		})
	})
	t.Run("a code was held", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.line(true)
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.status(id, "held")
			c.bank.line(false)
			c.restart()
			c.wait(5 * time.Second)
			c.status(id, "unsent")
			if len(c.bank.books) != 0 {
				t.Error("a code outlived the memory it was held in")
			}
		}, func(c *counter) { c.hold = 25 * time.Second })
	})
}

// The disk fails at each fact. Whether the write happened or not, nothing is sent that is not on disk,
// and what the acquirer said is not forgotten.
func TestFailedCommit(t *testing.T) {
	for _, happened := range []bool{false, true} {
		name := map[bool]string{false: "lost", true: "written all the same"}[happened]
		t.Run("leaving/"+name, func(t *testing.T) {
			story(t, func(c *counter) {
				id := c.sell(100)
				c.file.fail = []fault{{pos.KindOf(pos.Leave), happened}}
				_, err := c.till.Scan(c.t.Context(), id, scanned(wechatCode))
				if err == nil && !happened {
					t.Error("the cashier was told that it was sent")
				}
				c.wait(5 * time.Second)
				if len(c.bank.books) != 0 {
					t.Error("a charge left without its journal entry")
				}
				if s := c.sale(id); s.InFlight() || s.Settled() {
					t.Errorf("the sale is %s", s.Status())
				}
				c.troubled(pos.TroubleStorage, false)
				c.scan(id, wechatCode)
				c.wait(time.Second)
				c.status(id, "paid")
			})
		})
		t.Run("approval/"+name, func(t *testing.T) {
			story(t, func(c *counter) {
				id := c.sell(100)
				c.file.fail = []fault{{pos.KindOf(pos.Approve), happened}}
				c.scan(id, wechatCode)
				c.wait(5 * time.Second)
				c.status(id, "paid")
				if c.bank.blankets != 0 {
					t.Error("charged twice")
				}
				if !c.till.Ready() {
					t.Error("the till did not reopen the file")
				}
			})
		})
	}
}

// The disk is away for a while after the leave was refused. What never left is certain, also when the
// file, opened again, says that it was about to.
func TestWhatNeverLeftStaysCertain(t *testing.T) {
	for _, happened := range []bool{false, true} {
		story(t, func(c *counter) {
			id := c.sell(100)
			c.file.fail, c.file.shut = []fault{{pos.KindOf(pos.Leave), happened}}, 3
			_, _ = c.till.Scan(c.t.Context(), id, scanned(wechatCode))
			c.wait(2 * time.Second)
			if c.till.Ready() {
				t.Error("ready without a file")
			}
			c.wait(10 * time.Second)
			if s := c.sale(id); s.InFlight() || s.Settled() || len(c.bank.books) != 0 {
				t.Errorf("happened %v: the sale is %s, %d charges; the journal:\n%v", happened, s.Status(), len(c.bank.books), c.journal())
			}
			c.troubled(pos.TroubleNeedsManager, false)
			c.scan(id, wechatCode)
			c.wait(time.Second)
			c.status(id, "paid")
		})
	}
}

// While the file cannot be trusted no sale is taken, in one sentence; afterwards trading resumes.
func TestNoSaleWithoutAJournal(t *testing.T) {
	story(t, func(c *counter) {
		c.file.fail = []fault{{pos.SaleOpened, false}}
		_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 100, Currency: "USD"}})
		problem(t, err, pos.StorageFailed)
		c.wait(2 * time.Second)
		c.sell(100)
	})
}

// The file fails in the middle of a scan and stays away: whoever scanned hears so at once, and nothing was sent.
func TestScanIsAnsweredAlthoughTheFileStaysAway(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(100)
		c.file.mu.Lock()
		c.file.fail, c.file.shut = append(c.file.fail, fault{pos.KindOf(pos.Leave), false}), 1000
		c.file.mu.Unlock()
		began := time.Now()
		_, err := c.till.Scan(c.t.Context(), id, scanned(wechatCode))
		problem(t, err, pos.StorageFailed)
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("the answer took %s", took)
		}
		if calls := c.bank.said(); len(calls) != 0 {
			t.Errorf("the bank was asked %v", calls)
		}
		c.file.mu.Lock()
		c.file.shut = 0
		c.file.mu.Unlock()
		c.wait(time.Minute)
		c.scan(id, wechatCode)
		c.wait(0)
		c.status(id, "paid")
	})
}

// Opening the connection takes seconds. Whoever scanned hears at once that the code is taken down and has not left,
// and the customer display says that it is on its way.
func TestSlowToConnect(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.dials = 5 * time.Second
		id := c.sell(100)
		began := time.Now()
		s, err := c.till.Scan(c.t.Context(), id, scanned(wechatCode))
		if took := time.Since(began); err != nil || s.Status() != "held" || took > 500*time.Millisecond {
			t.Errorf("after %s: %s, %v", took, s.Status(), err)
		}
		c.status(id, "held")
		c.shown(pos.PromptSending)
		c.wait(4 * time.Second)
		c.status(id, "held")
		c.wait(2 * time.Second)
		c.status(id, "paid")
		c.journaled("0s attempt.started", "5s attempt.leave -> sent", "5s attempt.approve -> approved")
		c.shown(pos.PromptSending, pos.PromptPaid)
	}, func(c *counter) { c.hold = 25 * time.Second })
}

// The file fails when the till's patience with a shopper is over, and stays away. Nobody is asked or told anything
// by a till that cannot write it down.
func TestNoCallsWithoutAJournal(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.never)
		id := c.sell(100)
		c.scan(id, alipayCode)
		c.wait(59 * time.Second)
		c.file.mu.Lock()
		c.file.fail, c.file.shut = []fault{{pos.KindOf(pos.GiveUp), false}}, 60
		c.file.mu.Unlock()
		before := len(c.bank.said())
		c.wait(30 * time.Second)
		if calls := c.bank.said()[before:]; len(calls) > 0 {
			t.Errorf("the bank was asked %q", calls)
		}
		c.wait(2 * time.Minute)
		c.status(id, "cancelled")
	})
}
