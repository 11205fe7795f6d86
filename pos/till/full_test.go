package till_test

import (
	"testing"
	"time"

	"posd/pos"
)

func (f *flaky) Spare() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.full
}

func (f *flaky) fills(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
	if full {
		f.fail = append(f.fail, fault{kind: pos.SaleOpened})
	}
}

// A full disk takes no new sale, scan or refund, and says so; what is under way is cancelled, and the day is closed,
// out of the reserve. A second after there is room again the counter trades.
func TestDiskFull(t *testing.T) {
	story(t, func(c *counter) {
		paid := c.sell(4200)
		c.scan(paid, wechatCode)
		c.wait(0)
		c.bank.next(c.bank.never)
		doubtful, idle := c.sell(1300), c.sell(900)
		c.scan(doubtful, alipayCode)
		c.wait(0)
		c.file.fills(true)
		n := pos.NewSale{Amount: pos.Amount{Minor: 777, Currency: "USD"}}
		for range 3 { // the first one finds out
			_, err := c.till.Sell(c.t.Context(), n)
			problem(t, err, pos.StorageFailed)
			c.wait(100 * time.Millisecond)
		}
		c.troubled(pos.TroubleDiskFull, true)
		c.troubled(pos.TroubleStorage, false)
		if s := c.standing(); s.Ready || s.Take[pos.WeChat] != pos.TakeNo {
			t.Errorf("it says that it takes sales: %+v", s)
		}
		_, err := c.till.Scan(c.t.Context(), idle, scanned("134567890123456780"))
		problem(t, err, pos.StorageFailed)
		_, err = c.till.Arm(c.t.Context(), idle)
		problem(t, err, pos.StorageFailed)
		_, err = c.till.Refund(c.t.Context(), pos.NewRefund{Sale: paid, Minor: 1, Reason: "returned", By: "m", Key: "r1"})
		problem(t, err, pos.StorageFailed)

		if _, err := c.till.Cancel(c.t.Context(), doubtful, "m"); err != nil {
			t.Fatal(err)
		}
		c.wait(time.Minute)
		c.status(doubtful, "cancelled")
		if _, err := c.till.CloseDay(c.t.Context(), pos.NewClose{By: "m", Key: "z1"}); err != nil {
			t.Fatal(err)
		}
		c.status(idle, "cancelled")

		c.file.fills(false)
		c.wait(time.Second)
		c.troubled(pos.TroubleDiskFull, false)
		if !c.till.Ready() {
			t.Error("there is room, and it takes no sales")
		}
		if _, err := c.till.Sell(c.t.Context(), n); err != nil {
			t.Fatal(err)
		}
	})
}
