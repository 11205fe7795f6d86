package till_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posd/pos"
)

// Refunds counts what is read of the refunds that wait.
func (f *flaky) Refunds(ctx context.Context, left bool, after int64, limit int) ([]pos.Waiting, error) {
	list, err := f.Store.Refunds(ctx, left, after, limit)
	f.mu.Lock()
	f.read += len(list)
	if f.unreadable && !left {
		list, err = nil, errors.New("disk I/O error")
	}
	for i := range list {
		if list[i].Reference == f.mislisted {
			list[i].Sale = pos.Sale{}
		}
	}
	f.mu.Unlock()
	return list, err
}

func (f *flaky) refundsRead() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read
}

// mostAhead is how many refunds the till may have read beyond those that went: what is at hand, and what is under way.
const mostAhead = 64 + 16 + 32

// An outage left hundreds of refunds, and the register starts again. It takes sales before it has read them, tells how
// many there are, names them all when the day closes, and sends them in their order, reading a few ahead. A refund that
// is asked for meanwhile goes last, and one that is taken back does not go, read or not.
func TestManyRefundsAfterARestart(t *testing.T) {
	const many = 200
	story(t, func(c *counter) {
		w, ids, asked := c.outage(many, 1)
		c.restart()
		if n := c.file.refundsRead(); n > mostAhead {
			t.Errorf("%d refunds were read", n)
		}
		if !c.till.Ready() {
			t.Error("no sale is taken")
		}
		stands := func(want int) {
			t.Helper()
			if s := c.standing(); s.Refunds != want || s.Unfinished != want {
				t.Errorf("%d refunds of %d unfinished, want %d", s.Refunds, s.Unfinished, want)
			}
		}
		stands(many)
		last := c.sale(ids[many-1]).Refunds[0]
		if _, err := c.till.Withdraw(c.t.Context(), last.ID, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.bank.refunds(w.serve)
		asked[many-1] = c.give(ids[0], 100, "later").Reference
		stands(many)

		c.wait(time.Minute)
		day, err := c.till.CloseDay(c.t.Context(), pos.NewClose{By: "jdoe", Key: "z", KeyHash: "z"})
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		entries, err := c.file.DayEntries(c.t.Context(), day.Day)
		if err != nil {
			t.Fatal(err)
		}
		for _, carried := range entries[len(entries)-1].Body.Carried {
			s := c.sale(carried.Sale)
			named = append(named, s.Refunds[slices.IndexFunc(s.Refunds, func(r pos.Refund) bool { return r.ID == carried.ID })].Reference)
		}
		if slices.Sort(named); !slices.Equal(named, slices.Sorted(slices.Values(asked))) {
			t.Errorf("the Z names %d refunds", len(named))
		}

		read := c.file.refundsRead()
		w.came = nil
		ahead := 0
		for i := range c.bank.gives {
			c.bank.gives[i] = func(r pos.Refund) (pos.RefundAnswer, error) {
				came, _ := w.served()
				w.mu.Lock()
				ahead = max(ahead, c.file.refundsRead()-read-len(came))
				w.mu.Unlock()
				return w.serve(r)
			}
		}
		c.back(w, many)
		came, _ := w.served()
		if far := astray(asked, c.file.left); far >= 32+8 || len(came) != many {
			t.Errorf("%d came for %d that were asked for, one of them %d places out of its order", len(came), many, far)
		}
		if ahead > mostAhead {
			t.Errorf("%d were read ahead", ahead)
		}
		stands(0)
		if s := c.sale(ids[many-1]); s.Refunds[0].State != pos.Withdrawn {
			t.Errorf("what was taken back is %s", s.Refunds[0].State)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}

// The acquirer lacks the money for the first hundred refunds and says "later": they do not stand in the way of the
// others, neither then nor after a restart, and go when it is later.
func TestDeferredRefundsStandInNobodysWay(t *testing.T) {
	const many, poor = 180, 90
	story(t, func(c *counter) {
		w, ids, _ := c.outage(many, 1)
		later := time.Now().Add(3 * time.Hour)
		for i := range poor {
			c.bank.gives[i] = func(pos.Refund) (pos.RefundAnswer, error) {
				return pos.RefundAnswer{Event: pos.RefundDefer, Reason: "NOTENOUGH", NotBefore: later}, nil
			}
		}
		c.bank.gives[poor] = func(r pos.Refund) (pos.RefundAnswer, error) {
			c.bank.line(true) // and the line goes again
			return w.serve(r)
		}
		c.back(w, 1)
		c.bank.gives = nil
		c.restart()
		c.bank.gives = slices.Repeat([]func(pos.Refund) (pos.RefundAnswer, error){w.serve}, many)
		c.back(w, many-poor)
		if time.Now().After(later) {
			t.Errorf("the others went at %s only", time.Now())
		}
		owed := 0
		for _, id := range ids {
			if c.sale(id).Refunds[0].State == pos.RefundOwed {
				owed++
			}
		}
		if owed != poor || c.standing().Refunds != poor {
			t.Errorf("%d wait, and %d are said to, want %d", owed, c.standing().Refunds, poor)
		}
		c.wait(time.Until(later) + 20*time.Minute)
		if came, _ := w.served(); len(came) != many {
			t.Errorf("%d came of %d", len(came), many)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}

// The disk fails in the middle of hundreds of refunds, when some are under way, some left without an answer and a
// manager was called for one. The file is read again, and each goes once.
func TestManyRefundsAndAFailedCommit(t *testing.T) {
	const many = 130
	for _, kind := range []pos.Kind{pos.KindOfRefund(pos.RefundLeave), pos.KindOfRefund(pos.RefundDone)} {
		for _, happened := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " happened ", happened), func(t *testing.T) {
				story(t, func(c *counter) {
					w, _, asked := c.outage(many, 1)
					for i := range c.bank.gives {
						c.bank.gives[i] = func(r pos.Refund) (pos.RefundAnswer, error) {
							if came, _ := w.served(); len(came) == many/2 {
								c.file.mu.Lock()
								c.file.fail = []fault{{kind, happened}}
								c.file.mu.Unlock()
							}
							return w.serve(r)
						}
					}
					c.back(w, many)
					c.wait(time.Minute)
					came, _ := w.served()
					if got := slices.Compact(slices.Sorted(slices.Values(came))); len(came) != many || !slices.Equal(got, slices.Sorted(slices.Values(asked))) {
						t.Errorf("%d came, %d of them once", len(came), len(got))
					}
					if s := c.standing(); s.Unfinished != 0 {
						t.Errorf("%d are unfinished", s.Unfinished)
					}
				}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
			})
		}
	}
}

// The line stays away for a day: not one refund of hundreds goes after that, and all say so.
func TestManyRefundsLapse(t *testing.T) {
	const many = 130
	story(t, func(c *counter) {
		w, ids, _ := c.outage(many, 1)
		c.restart()
		c.wait(25 * time.Hour)
		for _, id := range ids {
			c.stands(c.sale(id).Refunds[0].ID, pos.Withdrawn)
		}
		if s := c.standing(); s.Unfinished != 0 {
			t.Errorf("%d are unfinished", s.Unfinished)
		}
		c.bank.line(false)
		c.wait(time.Hour)
		if came, _ := w.served(); len(came) != 0 {
			t.Errorf("%d went", len(came))
		}
	})
}

// The file fails under the word that a refund is to go later, while so many before it are in doubt that it is not at hand
// when the file was read again. It goes later all the same.
func TestDeferredOverAFailingFile(t *testing.T) {
	story(t, func(c *counter) {
		for i := range 20 {
			id := c.paid(int64(1000+i), fmt.Sprintf("13%016d", i))
			c.bank.refunds(gone)
			c.give(id, 100, fmt.Sprint("k", i))
			c.wait(20 * time.Minute)
		}
		id := c.paid(5000, alipayCode)
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.KindOfRefund(pos.RefundDefer), false}}
		c.file.mu.Unlock()
		c.bank.refunds(says(pos.RefundDefer, "NOTENOUGH"))
		r := c.give(id, 100, "last")
		c.wait(time.Hour)
		c.stands(r.ID, pos.Refunded)
		if s := c.standing(); s.Refunds != 20 {
			t.Errorf("%d wait, want those in doubt", s.Refunds)
		}
	})
}

// The register starts with more refunds in doubt than it reads at a time, and a question about a payment goes before
// them all: it says how many there are, read or not.
func TestHowManyWaitUnread(t *testing.T) {
	const many = 20
	story(t, func(c *counter) {
		for i := range many {
			id := c.paid(int64(1000+i), fmt.Sprintf("13%016d", i))
			c.bank.refunds(gone)
			c.give(id, 100, fmt.Sprint("k", i))
			c.wait(20 * time.Minute)
		}
		c.bank.next(replyLost(time.Second))
		c.scan(c.sell(500), alipayCode)
		c.bank.mu.Lock()
		for range 8 {
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) {
				time.Sleep(20 * time.Second)
				return pos.Answer{}, errCut
			})
		}
		c.bank.mu.Unlock()
		c.wait(5 * time.Second)
		c.restart()
		if s := c.standing(); s.Refunds != many || s.Unfinished != many+1 || c.file.refundsRead() == many {
			t.Errorf("%d refunds of %d unfinished, %d were read", s.Refunds, s.Unfinished, c.file.refundsRead())
		}
	}, func(c *counter) { c.bank.can.ByReference = true })
}

// A refund dials and many wait behind it when the file fails and is read again: as many wait as before.
func TestHowManyWaitAfterAFailedCommit(t *testing.T) {
	const many = 90
	story(t, func(c *counter) {
		ids := make([]string, many)
		for i := range ids {
			ids[i] = c.paid(int64(1000+i), fmt.Sprintf("13%016d", i))
		}
		c.bank.dials = 20 * time.Second
		for i, id := range ids {
			c.give(id, 100, fmt.Sprint("k", i))
		}
		if n := c.file.refundsRead(); n != 0 {
			t.Errorf("%d refunds were read back as they were asked for", n)
		}
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.SaleOpened, false}}
		c.file.mu.Unlock()
		_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 7, Currency: "USD"}})
		problem(t, err, pos.StorageFailed)
		c.wait(time.Second)
		if s := c.standing(); s.Refunds != many || s.Unfinished != many {
			t.Errorf("%d refunds of %d unfinished", s.Refunds, s.Unfinished)
		}
	})
}

// Cashiers go on asking for refunds while hundreds are sent, also in the moment in which the till is about to read more
// of them: each goes, and once.
func TestRefundsAskedForInADrain(t *testing.T) {
	const many, more = 150, 50
	story(t, func(c *counter) {
		w, ids, _ := c.outage(many, 1)
		c.restart()
		var asking sync.WaitGroup
		var failed atomic.Int32
		c.bank.gives = nil
		for i := range many + more {
			c.bank.gives = append(c.bank.gives, func(r pos.Refund) (pos.RefundAnswer, error) {
				if i < more {
					asking.Go(func() {
						_, err := c.till.Refund(context.Background(), pos.NewRefund{Sale: ids[many-1-i], Minor: 1, Reason: "returned", By: "mroy", Key: fmt.Sprint("more", i)})
						if err != nil {
							failed.Add(1)
						}
					})
				}
				return w.serve(r)
			})
		}
		c.back(w, many+more)
		asking.Wait()
		if came, _ := w.served(); len(came) != many+more || failed.Load() != 0 || w.raced {
			t.Errorf("%d came, %d were refused, two parts at a time: %v", len(came), failed.Load(), w.raced)
		}
		if s := c.standing(); s.Refunds != 0 {
			t.Errorf("%d wait", s.Refunds)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}

// A refund is listed with a sale that knows none of it. A trouble says so, it stays where it is, and everything else goes on.
func TestARefundThatIsListedWrong(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, asked := c.outage(100, 1) // more than are at hand
		c.file.mu.Lock()
		c.file.mislisted = asked[80]
		c.file.mu.Unlock()
		c.back(w, len(ids)-1)
		c.wait(time.Hour)
		came, _ := w.served()
		if len(came) != len(ids)-1 || slices.Contains(came, asked[80]) {
			t.Errorf("%d of %d came", len(came), len(ids))
		}
		c.troubled(pos.TroubleListsDiffer, true)
		c.troubled(pos.TroubleStorage, false)
		id := c.sell(500)
		c.scan(id, alipayCode)
		c.status(id, "paid")
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 8 })
}

// The file opens, and what is read of it then fails each time. It is opened again once a second, and not as often as can be.
func TestAFileThatFailsWheneverItIsOpen(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, _ := c.outage(100, 1)
		c.file.mu.Lock()
		c.file.unreadable = true
		c.file.mu.Unlock()
		c.bank.line(false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		c.wait(time.Minute)
		c.file.mu.Lock()
		opened := c.file.opened
		c.file.unreadable = false
		c.file.mu.Unlock()
		if opened < 20 || opened > 70 {
			c.t.Errorf("in a minute it was opened %d times", opened)
		}
		c.wait(2 * time.Second)
		c.back(w, len(ids))
	})
}
