package till_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"posd/pos"
)

// scriptMoney lets QRs and refunds meet the same line, and lets shoppers scan what they are shown. The
// caller holds the bank's lock.
func (c *counter) scriptMoney(seed uint64, loses func(*rand.Rand) bool) {
	b := c.bank
	for i := range 40 {
		r := dice(seed, fmt.Sprint("show", i))
		b.shows = append(b.shows, func(ctx context.Context, a *account) (pos.Answer, error) {
			if loses(r) {
				return b.swallowed(time.Duration(r.IntN(20))*time.Second)(ctx, a)
			}
			if loses(r) {
				return replyLost(time.Duration(r.IntN(20))*time.Second)(ctx, a)
			}
			return b.qr(a), nil
		})
	}
	for i := range 400 {
		r := dice(seed, fmt.Sprint("give", i))
		b.gives = append(b.gives, func(f pos.Refund) (pos.RefundAnswer, error) {
			if loses(r) {
				return gone(f)
			}
			ans := b.give(pos.Attempt{Theirs: "T-" + f.Attempt}, f)
			if loses(r) {
				return gone(f)
			}
			return ans, nil
		})
		rl := dice(seed, fmt.Sprint("look-up", i))
		b.lookups = append(b.lookups, func(f pos.Refund) (pos.RefundAnswer, error) {
			switch {
			case loses(rl):
				return gone(f)
			case !b.can.RefundIdempotent && loses(rl):
				return pos.RefundAnswer{Event: pos.RefundUnfound}, nil // a search that missed it proves nothing
			case b.gave(f.Reference):
				return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + f.Reference}, nil
			case b.can.RefundIdempotent:
				return pos.RefundAnswer{Event: pos.RefundAbsent}, nil
			}
			return pos.RefundAnswer{Event: pos.RefundUnfound}, nil
		})
	}
	c.seen = func(qr string) {
		r := dice(seed, qr[len(qr)-9:len(qr)-5]) // the counter in the reference: its letters are random
		if r.IntN(3) == 0 {
			return // walks away
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, a := range b.books {
			if b.qr(a).QR == qr && a.payAt.IsZero() {
				a.payAt = time.Now().Add(time.Duration(r.IntN(90)) * time.Second)
			}
		}
	}
}

// gave reports whether the bank gave a refund.
func (b *bank) gave(reference string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.given[reference] != 0
}

// refundsAgree compares what the file says went back of a sale with the bank's books.
func (c *counter) refundsAgree(s pos.Sale) {
	c.t.Helper()
	for _, r := range s.Refunds {
		back := r.State == pos.Refunded || r.State == pos.RuledRefunded
		if got := c.bank.gave(r.Reference); !r.State.Final() || got != back {
			c.t.Errorf("refund %s: the till says %s, the bank gave it: %v", r.Reference, r.State, got)
		}
	}
	for _, a := range s.Attempts {
		if left := s.Remaining(a.Reference); left < 0 {
			c.t.Errorf("%s: %d more went back than was paid", a.Reference, -left)
		}
	}
}
