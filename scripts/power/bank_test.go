package power

import (
	"context"
	"errors"
	"sync"
	"time"

	"posd/pos"
)

var errDead = errors.New("no connection")

// bank approves what it is asked for, unless the shopper takes long or the line is dead.
type bank struct {
	mu    sync.Mutex
	slow  bool // the next charges wait for the shopper
	dead  bool
	state map[string]pos.Event // by reference
}

func (b *bank) set(slow, dead bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slow, b.dead = slow, dead
}

func (b *bank) Can() pos.Capabilities {
	return pos.Capabilities{Dialect: "bank", Scans: true, ByReference: true, CancelReturns: true, RefundIdempotent: true, Currencies: []pos.Currency{"USD"},
		Wallets: []pos.Wallet{pos.WeChat, pos.Alipay}, Pace: pos.Pace{Ask: 3 * time.Second, Patience: 45 * time.Second, CancelAfter: 15 * time.Second}}
}

func (b *bank) line() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return errDead
	}
	return nil
}

func (b *bank) Ready(context.Context) error { return b.line() }

func (b *bank) Charge(_ context.Context, c pos.Charge, leaving func() error) (pos.Answer, error) {
	if err := errors.Join(b.line(), leaving()); err != nil {
		return pos.Answer{}, err
	}
	b.mu.Lock()
	b.state[c.Reference] = pos.Approve
	if b.slow {
		b.state[c.Reference] = pos.Pend
	}
	b.mu.Unlock()
	return b.Inquire(context.Background(), c.Attempt)
}

func (b *bank) Inquire(_ context.Context, a pos.Attempt) (pos.Answer, error) {
	if err := b.line(); err != nil {
		return pos.Answer{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	ans := pos.Answer{Event: b.state[a.Reference], Theirs: "T-" + a.Reference}
	switch ans.Event {
	case 0:
		return pos.Answer{Event: pos.Absent}, nil
	case pos.Approve:
		ans.Paid = &pos.Paid{At: time.Now().UTC(), Amount: a.Amount.Minor, Currency: "USD"}
	}
	return ans, nil
}

func (b *bank) Cancel(_ context.Context, a pos.Attempt) (pos.Answer, error) {
	if err := b.line(); err != nil {
		return pos.Answer{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[a.Reference] = pos.Close
	return pos.Answer{Event: pos.Close}, nil
}

func (b *bank) Refund(_ context.Context, _ pos.Attempt, r pos.Refund, leaving func() error) (pos.RefundAnswer, error) {
	if err := b.line(); err != nil {
		return pos.RefundAnswer{}, err
	}
	if err := leaving(); err != nil {
		return pos.RefundAnswer{}, err
	}
	return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + r.Reference}, nil
}

func (b *bank) InquireRefund(_ context.Context, _ pos.Attempt, r pos.Refund) (pos.RefundAnswer, error) {
	return pos.RefundAnswer{Event: pos.RefundDone, Theirs: "R-" + r.Reference}, b.line()
}

func (b *bank) Present(context.Context, pos.Attempt, func() error) (pos.Answer, error) {
	return pos.Answer{}, errors.ErrUnsupported
}

func (b *bank) Search(context.Context, pos.Attempt) (pos.Answer, error) {
	return pos.Answer{}, errors.ErrUnsupported
}
