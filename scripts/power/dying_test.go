package power

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
)

// reserve is small here, because it is made anew for each round.
const reserve = 1 << 20

// A disk fails once, at every write and sync of a sale in turn: with an error, as full, or with half of the bytes. A
// failed commit is doubt: the till stops, opens the file again and reads what is in it, and asks the bank what became
// of what may have left. Then the counter trades, the books agree, and what was acknowledged before and after comes
// through a power cut as well.
func TestDiskFailsOnce(t *testing.T) {
	for _, f := range []struct {
		name  string
		fault Fault
		hits  func(Op) bool
	}{
		{"EIO at a write", Fault{Errno: syscall.EIO}, func(op Op) bool { return op.Kind != Sync && op.Kind != Settle }},
		{"EIO at a sync", Fault{Errno: syscall.EIO}, func(op Op) bool { return op.Kind == Sync || op.Kind == Settle }},
		{"ENOSPC at a write", Fault{Errno: syscall.ENOSPC}, func(op Op) bool { return op.Kind != Sync && op.Kind != Settle }},
		{"ENOSPC at a sync", Fault{Errno: syscall.ENOSPC}, func(op Op) bool { return op.Kind == Sync || op.Kind == Settle }},
		{"a short write", Fault{Short: 100}, func(op Op) bool { return op.Kind == Write && len(op.data) > 100 }},
	} {
		rounds := 0
		for nth, hit := 1, true; hit; nth++ {
			hit = false
			dying(t, fmt.Sprintf("%s, the %d.", f.name, nth), func(c *counter) {
				seen := 0
				c.disk.Fail(func(_ int, op Op) *Fault {
					if !f.hits(op) {
						return nil
					}
					if seen++; seen != nth {
						return nil
					}
					hit = true
					return &f.fault
				})
				c.tries(4200)
				after(5 * time.Second)
				c.disk.Fail(nil)
			})
			if hit {
				rounds++
			}
		}
		if rounds == 0 {
			t.Errorf("%s never came", f.name)
		}
		row(t, f.name+", for each one of a sale in turn; then a power cut", rounds, "nothing")
	}
}

// A disk is full from the nth write of a sale on. New sales are refused; what is under way is cancelled and the day
// closed, out of the reserve; a second after there is room again the counter trades.
func TestDiskFullAtEveryStep(t *testing.T) {
	rounds, refused := 0, 0
	for nth, hit := 1, true; hit; nth++ {
		hit = false
		dying(t, fmt.Sprintf("full from write %d on", nth), func(c *counter) {
			c.bank.set(true, false)
			waiting := c.sell(1300)
			c.bank.set(false, false)
			full := false
			c.disk.Fail(func(n int, op Op) *Fault {
				if n == nth && !full {
					c.disk.capacity, full, hit = c.disk.used, true, true
				}
				return nil
			})
			no := false
			for n := range 50 { // until the log has to grow
				if err := c.tries(int64(100 + n)); pos.ProblemOf(err) == pos.StorageFailed {
					no = true
					break
				}
			}
			if full && no {
				after(time.Second)
				if err := c.tries(4); pos.ProblemOf(err) != pos.StorageFailed {
					c.t.Errorf("a sale came in: %v", err)
				}
				refused++
			}
			if _, err := c.till.Cancel(c.t.Context(), waiting, "mroy"); err != nil {
				c.t.Errorf("cancel: %v", err)
			}
			after(time.Minute)
			c.is(waiting, "cancelled")
			if _, err := c.till.CloseDay(c.t.Context(), pos.NewClose{By: "mroy", Key: "z"}); err != nil {
				c.t.Errorf("the day's close: %v", err)
			}
			c.disk.Limit(0)
			after(time.Second)
			c.disk.Fail(nil)
		})
		if hit {
			rounds++
		}
		if nth > 60 {
			break
		}
	}
	if refused < rounds/2 || rounds < 20 {
		t.Errorf("the disk was full in %d rounds and refused sales in %d", rounds, refused)
	}
	row(t, "the disk is full from the nth write of a sale on; a payment is cancelled and the day closed", rounds, "nothing")
}

// A disk is away for half a minute from the nth operation of a sale on: a file system that met an error turns
// read-only, or every write and sync fails. What it said before may not be on it, although it can be read.
func TestDiskAwayForAWhile(t *testing.T) {
	for name, errno := range map[string]syscall.Errno{"the file system turns read-only": syscall.EROFS, "every write and sync fails": syscall.EIO} {
		rounds := 0
		for nth, hit := 1, true; hit; nth++ {
			hit = false
			dying(t, fmt.Sprintf("%s from operation %d on", name, nth), func(c *counter) {
				c.disk.Fail(func(n int, op Op) *Fault {
					if n < nth || n > nth && errno == syscall.EROFS {
						return nil
					}
					hit, c.disk.readonly = true, errno == syscall.EROFS
					return &Fault{Errno: errno}
				})
				c.tries(4200)
				if hit {
					after(10 * time.Second)
					if err := c.tries(77); pos.ProblemOf(err) != pos.StorageFailed {
						c.t.Errorf("a sale came in: %v", err)
					}
				}
				after(20 * time.Second)
				c.disk.ReadOnly(false)
				c.disk.Fail(nil)
				after(time.Second)
			})
			if hit {
				rounds++
			}
		}
		row(t, name+" from the nth operation of a sale on, for half a minute; then a power cut", rounds, "nothing")
	}
}

// dying plays a round on a disk of its own: a sale, what goes wrong, and a sale again; then it holds what the file says
// against what was acknowledged and against the bank's books, also after a power cut.
func dying(t *testing.T, name string, wrong func(*counter)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { round(t, wrong) })
}

func round(t *testing.T, wrong func(*counter)) {
	disk, dir := mounted(t)
	var c *counter
	synctest.Test(t, func(t *testing.T) {
		c = &counter{t: t, disk: disk, dir: dir, bank: &bank{state: map[string]pos.Event{}}, rand: rand.NewChaCha8([32]byte{2}), reserve: reserve}
		disk.Begin()
		c.start()
		c.is(c.sell(1000), "paid")
		wrong(c)
		after(time.Second)
		if err := c.tries(2000); err != nil {
			t.Errorf("it does not trade again: %v", err)
		}
		after(2 * time.Minute)
		c.agrees()
		c.stop()
	})
	end := disk.Recorded().Play()
	for end.Step() {
	}
	images := scratch(t)
	for _, fate := range []Fate{Lost, Torn} {
		put(t, filepath.Join(images, fate.String()), end.Image(fate, rand.New(rand.NewPCG(1, 1))))
		if err := holds(filepath.Join(images, fate.String(), "register.db"), c.file.steps); err != nil {
			t.Errorf("then the power goes, %s: %v", fate, err)
		}
	}
}

// tries sells and scans; both may be refused.
func (c *counter) tries(minor int64) error {
	s, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: minor, Currency: "USD"}, Confirm: &pos.Confirmation{By: "m", Why: "two bags"}})
	if err != nil {
		return err
	}
	c.codes++
	_, err = c.till.Scan(c.t.Context(), s.ID, pos.Scan{Code: pos.NewCode(fmt.Sprintf("13456789012345%04d", c.codes)), Whole: true})
	synctest.Wait()
	return err
}

// agrees compares the register's books with the bank's.
func (c *counter) agrees() {
	c.t.Helper()
	sales, _, err := c.file.Sales(c.t.Context(), pos.SaleFilter{Limit: 200})
	if err != nil {
		c.t.Error(err)
		return
	}
	known := map[string]pos.State{}
	for _, s := range sales {
		for _, a := range s.Attempts {
			known[a.Reference] = a.State
			if took := c.bank.state[a.Reference] == pos.Approve; took != (a.State == pos.Approved) || !a.State.Final() {
				c.t.Errorf("the register says %s is %v; the bank took the money: %v", a.Reference, a.State, took)
			}
		}
	}
	for reference := range c.bank.state {
		if _, ok := known[reference]; !ok {
			c.t.Errorf("the bank was asked for %s, which the register does not know", reference)
		}
	}
}

// holds opens a register file and looks for every row that was acknowledged.
func holds(path string, steps []step) error {
	k := knowledge{doubts: true}
	for _, s := range steps {
		k.certain = append(k.certain, s.entries...)
	}
	return sound(path, k)
}
