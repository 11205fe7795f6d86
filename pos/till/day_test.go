package till_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

func (c *counter) close(key string) (pos.Day, error) {
	return c.till.CloseDay(c.t.Context(), pos.NewClose{By: "mroy", Note: "all well", Key: key, KeyHash: "h"})
}

// closing is the entry of the last close.
func (c *counter) closing() pos.Entry {
	c.t.Helper()
	entries, err := c.file.Entries(c.t.Context(), 0, 2000)
	if err != nil {
		c.t.Fatal(err)
	}
	var last pos.Entry
	for _, e := range entries {
		if e.Kind == pos.DayClosed {
			last = e
		}
	}
	return last
}

// A manager closes the day: it has a number, who and why, and the chain as it stood. The same key is the
// same close; what comes after counts in the next business day, and each date has one Z.
func TestDayClosedByHand(t *testing.T) {
	story(t, func(c *counter) {
		_, err := c.close("early")
		problem(t, err, pos.DayNotClosable)
		c.paid(1000, wechatCode)
		day, err := c.close("k1")
		if err != nil || day.Z != 1 || day.By != "mroy" || day.Note != "all well" || day.Rows == 0 || day.Head == "" || day.Closed.IsZero() {
			t.Fatalf("%+v, %v", day, err)
		}
		again, err := c.close("k1")
		if err != nil || again != day {
			t.Errorf("%+v, %v", again, err)
		}
		_, err = c.close("k2")
		problem(t, err, pos.DayNotClosable) // nothing is open
		c.restart()
		id := c.paid(1001, alipayCode)
		if next := c.sale(id).Day; next <= day.Day {
			t.Errorf("a sale after the close counts in %s, which is closed", next)
		}
		_, err = c.close("k3")
		problem(t, err, pos.DayNotClosable) // its own date has not begun
		c.restart()
		if again, err := c.close("k1"); err != nil || again.Z != 1 {
			t.Errorf("after a restart: %+v, %v", again, err)
		}
		c.wait(24 * time.Hour)
		day, err = c.close("k4")
		if err != nil || day.Z != 2 || day.Day != c.sale(id).Day {
			t.Errorf("%+v, %v", day, err)
		}
	})
}

// What is unfinished is carried over by name; sales that nobody is paying end; the one at the counter stays.
func TestWhatACloseCarriesOver(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(1000, wechatCode)
		c.bank.next(c.bank.never)
		waiting, idle, atHand := c.sell(200), c.sell(300), c.sell(400)
		c.scan(waiting, alipayCode)
		c.wait(time.Second)
		c.bank.line(true)
		r := c.give(id, 300, "k1")
		c.wait(time.Second)
		if _, err := c.till.Arm(c.t.Context(), atHand); err != nil {
			t.Fatal(err)
		}
		if _, err := c.close("k2"); err != nil {
			t.Fatal(err)
		}
		carried := c.closing().Body.Carried
		if len(carried) != 2 || carried[1].ID != r.ID || !carried[1].Refund || carried[1].Amount != 300 || carried[0].Sale != waiting || carried[0].Who == "" {
			t.Errorf("carried %+v", carried)
		}
		c.status(idle, "cancelled")
		c.status(atHand, "open")
		c.bank.line(false)
		c.bank.confirm(c.sale(waiting).Attempts[0].Reference)
		c.wait(10 * time.Minute)
		c.status(waiting, "paid")
		c.stands(r.ID, pos.Refunded)
		entries, err := c.file.Entries(c.t.Context(), 0, 2000)
		if err != nil {
			t.Fatal(err)
		}
		closed := false
		for _, e := range entries {
			switch {
			case e.Kind == pos.DayClosed:
				closed = true
			case closed && e.Day == c.closing().Day:
				t.Errorf("%s counts in a closed day", e.Kind)
			case closed && e.Kind == pos.DayOpened && len(e.Body.Carried) != 2:
				t.Errorf("carried in: %+v", e.Body.Carried)
			}
		}
	})
}

// The disk takes long just before the cut-off. What is written down behind that, at once, counts in the day that has
// begun meanwhile.
func TestCutoffBehindASlowWrite(t *testing.T) {
	story(t, func(c *counter) {
		c.wait(4*time.Hour - 62*time.Second)
		c.bank.next(c.bank.never, c.bank.never)
		first, second := c.sell(100), c.sell(200)
		c.scan(first, alipayCode)
		c.scan(second, "281234567890123457") // patience with both ends two seconds before the cut-off
		c.wait(58 * time.Second)
		c.file.mu.Lock()
		c.file.slow = 5 * time.Second
		c.file.mu.Unlock()
		c.wait(time.Minute)
		entries, err := c.file.Entries(c.t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		gaveUp := 0
		for _, e := range entries {
			if e.Kind == pos.KindOf(pos.GiveUp) {
				gaveUp++
			}
			if want := e.At.Add(-4 * time.Hour).Format(time.DateOnly); string(e.Day) != want && e.Kind != pos.DayClosed {
				t.Errorf("%s at %s counts in %s", e.Kind, e.At.Format(time.DateTime), e.Day)
			}
		}
		if gaveUp != 2 {
			t.Errorf("the till gave up on %d shoppers", gaveUp)
		}
	})
}

// A restored file gives no number that the lost one may have given.
func TestNumbersAfterARestore(t *testing.T) {
	for _, taken := range []int{1, 41} {
		story(t, func(c *counter) { c.numbersAfterARestore(taken) })
	}
}

func (c *counter) numbersAfterARestore(taken int) {
	t := c.t
	c.paid(1000, wechatCode)
	if _, err := c.close("k1"); err != nil {
		t.Fatal(err)
	}
	c.stop()
	c.restored, c.takenZ = 2, taken
	c.start()
	c.wait(24 * time.Hour)
	id := c.paid(1001, alipayCode)
	var register, date, tail string
	var n int
	if _, err := fmt.Sscanf(c.sale(id).Attempts[0].Reference, "NYC5AV-03-%6s-%d-%s", &date, &n, &tail); err != nil || n != 20001 {
		t.Errorf("%s%s: %d, %v", register, c.sale(id).Attempts[0].Reference, n, err)
	}
	day, err := c.close("k2")
	if err != nil || day.Z != 1001 {
		t.Errorf("Z %d, %v", day.Z, err)
	}
	c.restart()
	c.wait(24 * time.Hour)
	c.paid(1002, "134567890123456780")
	if day, err := c.close("k3"); err != nil || day.Z != 1002 {
		t.Errorf("Z %d, %v", day.Z, err)
	}
}

// The file fails while a manager closes the day: the answer says so, and the same word again closes it.
func TestCloseOverAFailingFile(t *testing.T) {
	story(t, func(c *counter) {
		c.paid(1000, wechatCode)
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.DayClosed, false}}
		c.file.mu.Unlock()
		day, err := c.close("k1")
		if problem(t, err, pos.StorageFailed); day.Z != 0 {
			t.Errorf("closed as %d", day.Z)
		}
		c.wait(time.Minute)
		if day, err := c.close("k1"); err != nil || day.Z != 1 {
			t.Errorf("Z %d, %v", day.Z, err)
		}
	})
}

// The register is off when the day is over, and many refunds are in doubt. The close that it makes up for when it is
// on again names each of them once, although they have not been read by then.
func TestALateCloseNamesAll(t *testing.T) {
	story(t, func(c *counter) {
		for i := range 18 {
			id := c.paid(int64(1000+i), fmt.Sprintf("13%016d", i))
			c.bank.refunds(gone)
			c.give(id, 100, fmt.Sprint("k", i))
			c.wait(20 * time.Minute)
		}
		if _, err := c.close("k"); err != nil {
			t.Fatal(err)
		}
		c.wait(24 * time.Hour)
		c.paid(1, alipayCode)
		c.stop()
		time.Sleep(24 * time.Hour)
		c.start()
		c.names(18)
	})
}

// names insists that the last close carried so many, each once.
func (c *counter) names(n int) {
	c.t.Helper()
	named := map[string]int{}
	for _, carried := range c.closing().Body.Carried {
		named[carried.ID]++
	}
	for id, times := range named {
		if times != 1 {
			c.t.Errorf("%s is named %d times", id, times)
		}
	}
	if len(named) != n {
		c.t.Errorf("%d are named, want %d", len(named), n)
	}
}

// The file fails at the close by the clock, while the connection for a refund is being opened and another one waits.
// The close that follows names both, and each once.
func TestCloseWhileARefundDials(t *testing.T) {
	story(t, func(c *counter) {
		c.wait(4*time.Hour - time.Minute)
		first, second := c.paid(1000, wechatCode), c.paid(1001, alipayCode)
		c.bank.line(true)
		c.give(first, 10, "k1")
		c.give(second, 10, "k2")
		c.bank.mu.Lock()
		c.bank.dead, c.bank.dials = false, 80*time.Second
		c.bank.mu.Unlock()
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.DayClosed, false}}
		c.file.mu.Unlock()
		if err := c.till.Sync(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		c.wait(2 * time.Minute)
		c.names(2)
		c.wait(time.Hour)
		if went := c.bank.went(); went != 20 {
			t.Errorf("%d went back", went)
		}
	})
}

// The power goes while refunds are on their way, and comes back when their day is over. What the restart means to each of
// them is written down, and the day closes once, over a file that never failed.
func TestALateCloseOverRefundsOnTheirWay(t *testing.T) {
	story(t, func(c *counter) {
		for i := range 8 {
			id := c.paid(int64(1000+i), fmt.Sprintf("13%016d", i))
			if i >= 4 {
				c.bank.refunds(func(pos.Refund) (pos.RefundAnswer, error) {
					time.Sleep(time.Minute)
					return gone(pos.Refund{})
				})
			}
			c.give(id, 100, fmt.Sprint("k", i))
			c.wait(time.Second)
		}
		c.stop()
		time.Sleep(24 * time.Hour)
		c.start()
		c.mu.Lock()
		failed := c.failed
		c.mu.Unlock()
		if failed != 0 {
			t.Errorf("the file was read again %d times; the journal:\n%s", failed, strings.Join(c.journal(), "\n"))
		}
		c.names(4)
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}
