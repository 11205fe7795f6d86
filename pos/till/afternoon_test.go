package till_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
)

// Hundreds of afternoons at the counter: a line that loses requests, loses replies and delivers some a
// minute late; shoppers who pay at once, type for a while, or walk away; cashiers who give up, settle
// in cash, give money back, close the day and pull the plug. Half the banks can be asked by our reference,
// half give money back when a paid attempt is cancelled, half know a refund's number again. Then the line
// heals, time passes, a manager rules on what only a person can settle, and the two books must agree.
// Rerun one with -run 'TestBooksAgree/seed=17$'.
func TestBooksAgree(t *testing.T) {
	seeds := uint64(200)
	if testing.Short() {
		seeds = 24
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { afternoon(t, seed) })
	}
}

// dice gives every attempt its own throws: calls race, and shared dice would make the seed a lie.
func dice(seed uint64, what string) *rand.Rand {
	h := seed
	for _, b := range []byte(what) {
		h = h*1099511628211 + uint64(b)
	}
	return rand.New(rand.NewPCG(seed, h))
}

func afternoon(t *testing.T, seed uint64) {
	d := dice(seed, "afternoon")
	bad := d.Float64() * 0.6 // the line's quality
	story(t, func(c *counter) {
		b := c.bank
		var healed atomic.Bool
		loses := func(r *rand.Rand) bool { return !healed.Load() && r.Float64() < bad }
		var serial int
		b.mu.Lock()    // the till is at work already
		for range 40 { // what each charge meets, drawn when it comes
			b.charges = append(b.charges, func(ctx context.Context, a *account) (pos.Answer, error) {
				b.mu.Lock()
				serial++
				r := dice(seed, fmt.Sprint("charge", serial))
				b.mu.Unlock()
				if loses(r) {
					return b.swallowed(time.Duration(r.IntN(45))*time.Second)(ctx, a)
				}
				var ans pos.Answer
				switch r.IntN(5) {
				case 0:
					ans, _ = b.declined(ctx, a)
				case 1:
					ans, _ = b.never(ctx, a)
				case 2:
					ans, _ = b.password(time.Duration(r.IntN(80))*time.Second)(ctx, a)
				default:
					ans = b.say(a)
				}
				if loses(r) {
					return replyLost(time.Duration(r.IntN(45))*time.Second)(ctx, a)
				}
				return ans, nil
			})
		}
		for i := range 2000 {
			r := dice(seed, fmt.Sprint("answer", i))
			b.answers = append(b.answers, func(a *account) (pos.Answer, error) {
				switch {
				case loses(r):
					return pos.Answer{}, errCut
				case a == nil:
					return pos.Answer{Event: pos.Absent}, nil
				}
				return b.say(a), nil
			})
			rc := dice(seed, fmt.Sprint("cancel", i))
			b.cancels = append(b.cancels, func(a *account) (pos.Answer, error) {
				if loses(rc) {
					return pos.Answer{}, errCut
				}
				ans := b.voided(a)
				if loses(rc) {
					return pos.Answer{}, errCut
				}
				return ans, nil
			})
		}
		c.scriptMoney(seed, loses)
		b.mu.Unlock()
		for n := range 12 {
			sale := c.sell(int64(100 + n))
			for try := range 1 + d.IntN(2) {
				code := fmt.Sprintf("13%016d", n*10+try)
				var err error
				if d.IntN(3) == 0 {
					_, err = c.till.Present(c.t.Context(), sale, "")
				} else {
					_, err = c.till.Scan(c.t.Context(), sale, scanned(code))
				}
				if err != nil {
					break
				}
				c.wait(time.Duration(d.IntN(60)) * time.Second)
			}
			if part := int64(1 + d.IntN(150)); d.IntN(2) == 0 { // some are more than was paid, and refused
				_, _ = c.refund(sale, part, fmt.Sprint("refund ", n))
			}
			if d.IntN(8) == 0 {
				_, _ = c.close(fmt.Sprint("close ", n))
			}
			switch d.IntN(6) {
			case 0:
				_, _ = c.till.Cancel(c.t.Context(), sale, "mroy")
			case 1:
				_, _ = c.till.Settle(c.t.Context(), sale, "cash", "mroy")
			case 2:
				c.restart()
			}
			c.wait(time.Duration(d.IntN(20)) * time.Second)
		}
		synctest.Wait()
		healed.Store(true)
		b.line(false)
		c.wait(2 * time.Hour)
		c.agree()
	}, func(c *counter) {
		c.hold = time.Duration(d.IntN(2)) * 25 * time.Second
		c.bank.can.ByReference = d.IntN(2) == 0
		c.bank.can.CancelReturns = d.IntN(2) == 0
		c.bank.can.RefundIdempotent = d.IntN(2) == 0
		c.bank.can.Settle = time.Duration(d.IntN(2)) * time.Minute
	})
}

// agree lets a manager rule on what needs one, as the bank's own portal shows it, and compares the books.
func (c *counter) agree() {
	c.t.Helper()
	sales, err := c.file.Unfinished(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, s := range sales {
		for _, a := range s.Attempts {
			if !a.State.Final() {
				if _, err := c.till.Rule(c.t.Context(), a.Reference, c.bank.has(a.Reference), "the portal says so", "manager"); err != nil {
					c.t.Errorf("%s is %s after two hours of a good line and needs no manager: %v", a.Reference, a.State, err)
				}
			}
		}
		for _, r := range s.Refunds {
			if !r.State.Final() {
				if _, err := c.till.RuleRefund(c.t.Context(), r.ID, c.bank.gave(r.Reference), "the portal says so", "manager"); err != nil {
					c.t.Errorf("refund %s is %s after two hours of a good line and needs no manager: %v", r.Reference, r.State, err)
				}
			}
		}
	}
	all, _, err := c.file.Sales(c.t.Context(), pos.SaleFilter{Limit: 200})
	if err != nil {
		c.t.Fatal(err)
	}
	attempts := 0
	for _, s := range all {
		c.refundsAgree(s)
		for _, a := range s.Attempts {
			attempts++
			paid := a.State == pos.Approved || a.State == pos.RuledPaid
			if got := c.bank.has(a.Reference); !a.State.Final() || got != paid {
				c.t.Errorf("%s: the till says %s, the bank says paid=%v", a.Reference, a.State, got)
			}
		}
		if s.GivenUp && s.End == "" && !s.Settled() {
			c.t.Errorf("%s was given up and is neither cancelled nor paid: %s", s.ID, s.Status())
		}
	}
	if attempts == 0 || c.bank.blankets != 0 || c.bank.doubled != 0 {
		c.t.Errorf("%d attempts, %d charges that left twice, %d refunds that went twice", attempts, c.bank.blankets, c.bank.doubled)
	}
	if c.t.Failed() {
		for _, line := range c.journal() {
			c.t.Log(line)
		}
	}
}

// has reports whether the bank holds the shopper's money.
func (b *bank) has(reference string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.books[reference]
	return a != nil && (a.state == pos.Approve || (a.state == pos.Pend && !a.payAt.IsZero() && !time.Now().Before(a.payAt)))
}

// voided is what a cancel does to an account, as this bank handles one that is paid.
func (b *bank) voided(a *account) pos.Answer {
	if a == nil {
		return pos.Answer{Event: pos.Absent}
	}
	ans := b.say(a)
	if ans.Event == pos.Decline {
		return ans
	}
	if ans.Event == pos.Approve && !b.can.CancelReturns {
		ans.Event = pos.TooLate
		return ans
	}
	b.mu.Lock()
	a.state = pos.Close
	b.mu.Unlock()
	return b.say(a)
}
