package till_test

import (
	"context"
	"time"

	"posd/pos"
)

// Present makes a QR; the shopper has not seen it yet.
func (b *bank) Present(ctx context.Context, at pos.Attempt, leaving func() error) (pos.Answer, error) {
	b.mu.Lock()
	dead := b.dead
	b.mu.Unlock()
	if dead {
		return pos.Answer{}, errCut
	}
	if err := leaving(); err != nil {
		return pos.Answer{}, err
	}
	b.mu.Lock()
	b.note("present")
	a := &account{theirs: "T-" + at.Reference, state: pos.Pend, amount: at.Amount.Minor}
	b.books[at.Reference] = a
	step := pop(&b.shows)
	b.mu.Unlock()
	if step != nil {
		return step(ctx, a)
	}
	return b.qr(a), nil
}

func (b *bank) qr(a *account) pos.Answer {
	return pos.Answer{Event: pos.Pend, Theirs: a.theirs, QR: "https://bank.example/qr?q=" + a.theirs}
}

// nextQR scripts what happens to the requests for a QR that come.
func (b *bank) nextQR(shows ...func(context.Context, *account) (pos.Answer, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shows = append(b.shows, shows...)
}

// late answers a request for a QR after a while.
func (b *bank) late(after time.Duration) func(context.Context, *account) (pos.Answer, error) {
	return func(_ context.Context, a *account) (pos.Answer, error) {
		time.Sleep(after)
		return b.qr(a), nil
	}
}

func (b *bank) Refund(_ context.Context, at pos.Attempt, r pos.Refund, leaving func() error) (pos.RefundAnswer, error) {
	b.mu.Lock()
	dead, dials := b.dead, b.dials
	b.mu.Unlock()
	time.Sleep(dials)
	if dead {
		return pos.RefundAnswer{}, errCut
	}
	b.mu.Lock()
	b.door++
	b.mu.Unlock()
	err := leaving()
	b.mu.Lock()
	b.door--
	b.mu.Unlock()
	if err != nil {
		return pos.RefundAnswer{}, err
	}
	b.mu.Lock()
	b.note("refund")
	step := pop(&b.gives)
	b.mu.Unlock()
	if step != nil {
		return step(r)
	}
	return b.give(at, r), nil
}

// atDoor is how many refunds are ready and wait for their leave.
func (b *bank) atDoor() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.door
}

// give books a refund, if the payment has so much left.
func (b *bank) give(at pos.Attempt, r pos.Refund) pos.RefundAnswer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.given[r.Reference] != 0 {
		if b.can.RefundIdempotent {
			return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + r.Reference}
		}
		b.doubled++
	}
	a := b.find(at)
	if a == nil || a.state != pos.Approve || a.back+r.Amount.Minor > a.amount {
		return pos.RefundAnswer{Event: pos.RefundRefuse, Reason: "A3"}
	}
	a.back += r.Amount.Minor
	b.given[r.Reference] += r.Amount.Minor
	return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + r.Reference}
}

func (b *bank) InquireRefund(_ context.Context, _ pos.Attempt, r pos.Refund) (pos.RefundAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note("inquire-refund")
	if b.dead {
		return pos.RefundAnswer{}, errCut
	}
	if step := pop(&b.lookups); step != nil {
		b.mu.Unlock()
		defer b.mu.Lock()
		return step(r)
	}
	if b.given[r.Reference] != 0 {
		return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + r.Reference}, nil
	}
	if b.can.RefundIdempotent {
		return pos.RefundAnswer{Event: pos.RefundAbsent}, nil
	}
	return pos.RefundAnswer{Event: pos.RefundUnfound}, nil
}

// gives scripts what happens to the refunds that come.
func (b *bank) refunds(steps ...func(pos.Refund) (pos.RefundAnswer, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gives = append(b.gives, steps...)
}

// gone is a refund whose request never reached the books, and no answer came.
func gone(pos.Refund) (pos.RefundAnswer, error) {
	return pos.RefundAnswer{Reason: "timeout"}, errCut
}

// says answers one word.
func says(e pos.RefundEvent, reason string) func(pos.Refund) (pos.RefundAnswer, error) {
	return func(pos.Refund) (pos.RefundAnswer, error) { return pos.RefundAnswer{Event: e, Reason: reason}, nil }
}

// went is how much the bank gave back in all.
func (b *bank) went() (sum int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, minor := range b.given {
		sum += minor
	}
	return sum
}
