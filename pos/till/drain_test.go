package till_test

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"posd/pos"
)

// How many refunds the outage leaves; scripts/soak asks for more.
var drained = flag.Int("drain", 400, "refunds that an outage leaves to be sent side by side")

// window is a bank's window for refunds: who came to it, in which order, and how many stood there at a time.
type window struct {
	takes time.Duration // over each

	mu     sync.Mutex
	came   []string // references
	stands map[string]int
	now    int
	most   int
	raced  bool // two parts of one payment at the same time
}

// serve takes its time over a refund and gives it.
func (w *window) serve(r pos.Refund) (pos.RefundAnswer, error) {
	w.mu.Lock()
	w.came = append(w.came, r.Reference)
	w.now++
	w.most = max(w.most, w.now)
	w.stands[r.Sale]++
	w.raced = w.raced || w.stands[r.Sale] > 1
	w.mu.Unlock()
	time.Sleep(w.takes)
	w.mu.Lock()
	w.now--
	w.stands[r.Sale]--
	w.mu.Unlock()
	return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + r.Reference}, nil
}

func (w *window) served() (came []string, now int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.came), w.now
}

// outage sells, loses the line and asks for refunds, so many of each sale; it returns their references in the
// order they were asked for.
func (c *counter) outage(sales, parts int) (w *window, ids, asked []string) {
	c.t.Helper()
	w = &window{takes: 50 * time.Millisecond, stands: map[string]int{}}
	for i := range sales {
		ids = append(ids, c.paid(int64(1000+i), fmt.Sprintf("13%016d", i)))
	}
	c.bank.line(true)
	for i, id := range ids {
		for part := range parts {
			c.bank.refunds(w.serve)
			asked = append(asked, c.give(id, 100, fmt.Sprint(i, "-", part)).Reference)
		}
	}
	c.wait(time.Minute)
	if came, _ := w.served(); len(came) > 0 {
		c.t.Fatalf("%d refunds left over a dead line", len(came))
	}
	return w, ids, asked
}

// back mends the line, says so to the till and waits until so many refunds have been served.
func (c *counter) back(w *window, n int) (took time.Duration) {
	c.t.Helper()
	c.bank.line(false)
	began := time.Now()
	if err := c.till.Sync(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	for {
		came, now := w.served()
		if len(came) >= n && now == 0 {
			c.wait(0)
			return time.Since(began)
		}
		if time.Since(began) > time.Hour {
			c.t.Fatalf("after an hour %d refunds have come", len(came))
		}
		c.wait(10 * time.Millisecond)
	}
}

// astray is the farthest that a refund went from its place in the order: as many may overtake as are under way or ready.
func astray(asked, left []string) (far int) {
	place := map[string]int{}
	for i, reference := range asked {
		place[reference] = i
	}
	for i, reference := range left {
		far = max(far, i-place[reference], place[reference]-i)
	}
	return far
}

// The line is back after an outage that left hundreds of refunds. They go in the order they were asked for, as
// many at a time as the dialect allows and never more, at the pace that this permits, and each goes once.
func TestDrain(t *testing.T) {
	for _, c := range []struct{ atOnce, refunds int }{{0, 30}, {1, 30}, {32, *drained}} {
		t.Run(fmt.Sprint(c.atOnce, " at a time"), func(t *testing.T) {
			allowed := max(c.atOnce, 1)
			story(t, func(k *counter) {
				w, ids, asked := k.outage(c.refunds, 1)
				took := k.back(w, c.refunds)
				feeling := 6 * w.takes // one, two, four ... until as many go as may
				if limit := time.Duration(c.refunds) * w.takes / time.Duration(allowed); took > limit*11/10+feeling {
					t.Errorf("it took %s; the bank permits %s", took, limit)
				}
				if w.most != allowed {
					t.Errorf("%d went at a time, want %d", w.most, allowed)
				}
				came, _ := w.served()
				if far := astray(asked, k.file.left); far >= allowed+8 || len(came) != len(asked) {
					t.Errorf("%d came for %d that were asked for, one of them %d places out of its order", len(came), len(asked), far)
				}
				if most := k.file.most; most > 8 || most < 2 && allowed > 8 {
					t.Errorf("at most %d words about refunds were written down in one step", most)
				}
				lost := 0
				for _, id := range ids {
					if r := k.sale(id).Refunds[0]; r.State != pos.Refunded {
						lost++
					}
				}
				if lost > 0 {
					t.Errorf("%d refunds were not given", lost)
				}
				t.Logf("tried %d, lost %d", len(ids), lost)
			}, func(k *counter) { k.bank.can.RefundsAtOnce = c.atOnce })
		})
	}
}

// Each refund takes another time at the acquirer. The place that an answer leaves is taken in the step that takes down
// the answer, and not in one of its own: so a drain costs half as many writes as words.
func TestTheNextGoesWithTheAnswer(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, _ := c.outage(200, 1)
		for i := range c.bank.gives {
			serve := c.bank.gives[i]
			c.bank.gives[i] = func(r pos.Refund) (pos.RefundAnswer, error) {
				time.Sleep(time.Duration(i*37%101) * 317 * time.Microsecond)
				return serve(r)
			}
		}
		before := c.file.steps
		c.back(w, len(ids))
		if n := c.file.steps - before; n > len(ids)*5/4 {
			t.Errorf("%d refunds were written down in %d steps", len(ids), n)
		}
		if w.most > 8 {
			t.Errorf("%d went at a time", w.most)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 8 })
}

// What is ready goes nowhere when the line is gone before it is its turn, and goes when the line is back. A register that
// is stopped meanwhile waits for nobody at its door.
func TestReadyAndTheLineGoes(t *testing.T) {
	for name, stops := range map[string]bool{"the line comes back": false, "the register is stopped": true} {
		t.Run(name, func(t *testing.T) {
			story(t, func(c *counter) {
				w, ids, _ := c.outage(40, 1)
				w.takes = 400 * time.Millisecond // quick enough for some to be made ready
				for i := 7; i < 15; i++ {        // one, two and four went well
					c.bank.gives[i] = func(r pos.Refund) (pos.RefundAnswer, error) { time.Sleep(w.takes); return gone(r) }
				}
				c.bank.line(false)
				if err := c.till.Sync(c.t.Context()); err != nil {
					c.t.Fatal(err)
				}
				c.wait(4*w.takes - 10*time.Millisecond)
				if n := c.bank.atDoor(); n != 4 {
					c.t.Fatalf("%d are ready", n)
				}
				if stops {
					c.restart()
				} else {
					c.wait(w.takes)
					if came, _ := w.served(); len(came) != 7 {
						c.t.Errorf("%d went over a line that was gone", len(came)-7)
					}
				}
				c.wait(24 * time.Hour)
				if came, _ := w.served(); len(came) != len(ids)-8 {
					c.t.Errorf("%d came, want %d", len(came), len(ids)-8)
				}
			}, func(c *counter) { c.bank.can.RefundsAtOnce = 8 })
		})
	}
}

// Answers come quickly, and then not. Who was made ready meanwhile does not hold a connection for longer than a second, is
// made ready no more, and goes in its turn.
func TestReadyForTooLong(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, asked := c.outage(40, 1)
		for i := 7; i < 15; i++ { // one, two and four went well
			serve := c.bank.gives[i]
			c.bank.gives[i] = func(r pos.Refund) (pos.RefundAnswer, error) { time.Sleep(10 * time.Second); return serve(r) }
		}
		c.bank.line(false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		c.wait(900 * time.Millisecond)
		if n := c.bank.atDoor(); n != 4 {
			c.t.Errorf("%d are ready", n)
		}
		for range 8 {
			if c.wait(time.Second); c.bank.atDoor() != 0 {
				c.t.Errorf("%d are still ready", c.bank.atDoor())
			}
		}
		for reference, o := range c.standing().Outlooks {
			if !o.Calling {
				c.t.Errorf("%s was made ready, and that counts as a try: %+v", reference, o)
			}
		}
		c.back(w, len(ids))
		if far := astray(asked, c.file.left); far > 16 || len(c.file.left) != len(ids) {
			c.t.Errorf("%d went, one of them %d places out of its order", len(c.file.left), far)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 8 })
}

// One answer in a drain says nothing. Nothing else goes for a moment, then the next goes alone, and soon all have gone: who
// was ready does not wait longer for it than the others.
func TestOneSilenceInADrain(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, asked := c.outage(120, 1)
		silent := c.bank.gives[30]
		c.bank.gives[30] = func(r pos.Refund) (pos.RefundAnswer, error) {
			_, _ = silent(r)
			return pos.RefundAnswer{Event: pos.RefundSilence, Reason: "unknown"}, nil
		}
		if took := c.back(w, len(ids)); took > 5*time.Second {
			c.t.Errorf("it took %s", took)
		}
		if far := astray(asked, c.file.left); far > 16 {
			c.t.Errorf("one went %d places out of its order", far)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 8 })
}

// The acquirer answers every refund, and says nothing with it. A few are in doubt, and not all.
func TestSilencesInADrain(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, _ := c.outage(200, 1)
		for i := 40; i < len(ids); i++ {
			serve := c.bank.gives[i]
			c.bank.gives[i] = func(r pos.Refund) (pos.RefundAnswer, error) {
				_, _ = serve(r)
				return pos.RefundAnswer{Event: pos.RefundSilence, Reason: "unknown"}, nil
			}
		}
		c.bank.line(false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		c.wait(5 * time.Minute)
		if came, _ := w.served(); len(came) > 40+32+10 {
			c.t.Errorf("%d refunds left, of which %d brought nothing", len(came), len(came)-40)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}

// Two parts of one payment do not race each other to the acquirer, however many may go at a time.
func TestPartsOfAPaymentGoOneByOne(t *testing.T) {
	story(t, func(c *counter) {
		w, _, asked := c.outage(12, 3)
		c.back(w, len(asked))
		if w.raced {
			t.Error("two refunds of one payment were under way together")
		}
		if w.most < 4 {
			t.Errorf("only %d went at a time", w.most)
		}
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}

// The line only seemed to be back, or goes again in the middle. What was under way is in doubt; the rest feels
// its way one by one, each time anew, instead of following it there.
func TestDrainFeelsItsWay(t *testing.T) {
	story(t, func(c *counter) {
		w, ids, _ := c.outage(90, 1)
		late := func(r pos.Refund) (pos.RefundAnswer, error) { time.Sleep(w.takes); return gone(r) }
		c.bank.gives[0] = late
		for i := 20; i < 60; i++ {
			c.bank.gives[i] = late
		}
		doubtful := func() (n int) {
			for _, id := range ids {
				if c.sale(id).Refunds[0].State == pos.RefundDoubtful {
					n++
				}
			}
			return n
		}
		c.bank.line(false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		c.wait(w.takes + w.takes/2)
		if n := doubtful(); n != 1 {
			t.Errorf("%d refunds went over a line of which nothing was known, want 1", n)
		}
		c.wait(40 * time.Second)
		before := doubtful()
		if before < 3 || before > 32 {
			t.Fatalf("%d refunds are in doubt after the line went in the middle", before)
		}
		c.wait(15 * time.Minute) // questions are answered all the while, and say that there is a line
		if n := doubtful() - before; n < 3 || n > 5 {
			t.Errorf("%d more refunds went after it in a quarter of an hour", n)
		}
		c.wait(12 * time.Hour)
		if came, _ := w.served(); len(came) != 90-41 {
			t.Errorf("%d refunds went in the end", len(came))
		}
		t.Logf("tried %d, lost %d", len(ids), len(ids)-len(w.came)-doubtful())
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}

// When the line is back, what may be charged is asked about and what is given up is cancelled before money goes
// back, although the refunds have waited longer.
func TestOrderOnReconnect(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.swallowed(time.Second), c.bank.never)
		lost, gaveUp := c.sell(100), c.sell(200)
		c.scan(lost, wechatCode)
		c.scan(gaveUp, alipayCode)
		w, _, _ := c.outage(3, 1)
		c.wait(time.Minute) // the till has lost patience with the shopper who walked away
		c.status(gaveUp, "cancelling")
		before := len(c.bank.said())
		cancelled := false
		c.bank.cancels = append(c.bank.cancels, func(a *account) (pos.Answer, error) {
			time.Sleep(2 * time.Second)
			if came, _ := w.served(); len(came) > 0 {
				t.Errorf("%d refunds went before the cancel was answered", len(came))
			}
			cancelled = true
			return c.bank.voided(a), nil
		})
		c.back(w, 3)
		calls := c.bank.said()[before:]
		if first := slices.Index(calls, "refund"); !cancelled || !slices.Contains(calls[:first], "search") {
			t.Errorf("the line carried %q", calls)
		}
		c.status(gaveUp, "cancelled")
	}, func(c *counter) { c.bank.can.RefundsAtOnce = 32 })
}
