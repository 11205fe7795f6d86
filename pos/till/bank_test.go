package till_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"posd/pos"
)

var errCut = errors.New("the line was cut")

// bank is an acquirer with books of its own behind a line that a test breaks. What happens to the next
// calls stands in queues; an empty queue is the plain case.
type bank struct {
	can pos.Capabilities

	mu       sync.Mutex
	books    map[string]*account // by our reference
	dead     bool                // no connection can be opened
	charges  []func(ctx context.Context, a *account) (pos.Answer, error)
	shows    []func(ctx context.Context, a *account) (pos.Answer, error) // requests for a QR
	answers  []func(a *account) (pos.Answer, error)                      // to inquiries
	cancels  []func(a *account) (pos.Answer, error)
	given    map[string]int64 // refunds that went through, by our reference
	doubled  int              // refunds of one reference that went through twice
	door     int              // refunds that are ready and wait for their leave
	gives    []func(r pos.Refund) (pos.RefundAnswer, error)
	lookups  []func(r pos.Refund) (pos.RefundAnswer, error)
	calls    []string      // what was asked of it, in order
	dates    bool          // its answers say what time it has
	ahead    time.Duration // its clock before ours
	dials    time.Duration // so long takes it to open a connection for money
	blankets int           // charges of one reference that arrived twice
}

type account struct {
	theirs string
	state  pos.Event // Pend, Approve, Decline or Close
	amount int64
	payAt  time.Time // when the shopper confirms
	back   int64     // given back
}

func newBank() *bank {
	pace := pos.Pace{Ask: 3 * time.Second, Patience: 60 * time.Second}
	return &bank{books: map[string]*account{}, given: map[string]int64{}, can: pos.Capabilities{
		Dialect: "bank", Scans: true, Presents: true, Searchable: true, Currencies: []pos.Currency{"USD"}, Wallets: []pos.Wallet{pos.WeChat, pos.Alipay},
		Paces: map[pos.Wallet]pos.Pace{pos.WeChat: {Ask: 3 * time.Second, Patience: 45 * time.Second, CancelAfter: 15 * time.Second}}, Pace: pace,
	}}
}

func (b *bank) Can() pos.Capabilities { return b.can }

func (b *bank) note(call string) { b.calls = append(b.calls, call) }

func (b *bank) Ready(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return errCut
	}
	return nil
}

func (b *bank) Charge(ctx context.Context, c pos.Charge, leaving func() error) (pos.Answer, error) {
	b.mu.Lock()
	dead, dials := b.dead, b.dials
	b.mu.Unlock()
	time.Sleep(dials)
	if dead {
		return pos.Answer{}, errCut
	}
	if err := leaving(); err != nil {
		return pos.Answer{}, err
	}
	b.mu.Lock()
	b.note("charge")
	if b.books[c.Reference] != nil {
		b.blankets++
	}
	a := &account{theirs: "T-" + c.Reference, state: pos.Approve, amount: c.Amount.Minor}
	b.books[c.Reference] = a
	step := pop(&b.charges)
	b.mu.Unlock()
	if step != nil {
		return step(ctx, a)
	}
	return b.say(a), nil
}

func pop[T any](queue *[]T) (first T) {
	if len(*queue) > 0 {
		first, *queue = (*queue)[0], (*queue)[1:]
	}
	return first
}

// say is the bank's honest word about an account.
func (b *bank) say(a *account) pos.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.state == pos.Pend && !a.payAt.IsZero() && !time.Now().Before(a.payAt) {
		a.state = pos.Approve
	}
	ans := pos.Answer{Event: a.state, Theirs: a.theirs}
	if b.dates {
		ans.Date = time.Now().Add(b.ahead)
	}
	if a.state == pos.Approve {
		ans.Paid = &pos.Paid{At: time.Now().UTC(), Amount: a.amount, Currency: "USD"}
	}
	return ans
}

func (b *bank) find(at pos.Attempt) *account {
	for reference, a := range b.books {
		if a.theirs == at.Theirs || (b.can.ByReference && reference == at.Reference) {
			return a
		}
	}
	return nil
}

func (b *bank) Inquire(_ context.Context, at pos.Attempt) (pos.Answer, error) {
	b.mu.Lock()
	b.note("inquire")
	a, step, dead := b.find(at), pop(&b.answers), b.dead
	b.mu.Unlock()
	switch {
	case dead:
		return pos.Answer{}, errCut
	case step != nil:
		return step(a)
	case a == nil:
		return pos.Answer{Event: pos.Absent}, nil
	}
	return b.say(a), nil
}

func (b *bank) Search(_ context.Context, at pos.Attempt) (pos.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note("search")
	if b.dead {
		return pos.Answer{}, errCut
	}
	if a := b.books[at.Reference]; a != nil {
		return pos.Answer{Event: pos.Pend, Theirs: a.theirs}, nil
	}
	return pos.Answer{Event: pos.Unfound}, nil
}

func (b *bank) Cancel(_ context.Context, at pos.Attempt) (pos.Answer, error) {
	b.mu.Lock()
	b.note("cancel")
	a, step, dead := b.find(at), pop(&b.cancels), b.dead
	b.mu.Unlock()
	if dead {
		return pos.Answer{}, errCut
	}
	if step != nil {
		return step(a)
	}
	return b.voided(a), nil
}

// next scripts what happens to the charges that come.
func (b *bank) next(charges ...func(context.Context, *account) (pos.Answer, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.charges = append(b.charges, charges...)
}

// line breaks the line, or mends it.
func (b *bank) line(dead bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dead = dead
}

// said is everything that was asked of the bank so far.
func (b *bank) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// The ways a charge can go.

func (b *bank) password(typing time.Duration) func(context.Context, *account) (pos.Answer, error) {
	return func(_ context.Context, a *account) (pos.Answer, error) {
		b.mu.Lock()
		a.state, a.payAt = pos.Pend, time.Now().Add(typing)
		b.mu.Unlock()
		return b.say(a), nil
	}
}

func (b *bank) never(_ context.Context, a *account) (pos.Answer, error) {
	b.mu.Lock()
	a.state = pos.Pend
	b.mu.Unlock()
	return b.say(a), nil
}

func (b *bank) declined(_ context.Context, a *account) (pos.Answer, error) {
	b.mu.Lock()
	a.state = pos.Decline
	b.mu.Unlock()
	return pos.Answer{Event: pos.Decline, Theirs: a.theirs, Reason: "insufficient"}, nil
}

// replyLost charges, and its answer never comes.
func replyLost(after time.Duration) func(context.Context, *account) (pos.Answer, error) {
	return func(ctx context.Context, _ *account) (pos.Answer, error) {
		select {
		case <-ctx.Done():
		case <-time.After(after):
		}
		return pos.Answer{Reason: "timeout"}, errCut
	}
}

// swallowed never reaches the books, and no answer comes.
func (b *bank) swallowed(after time.Duration) func(context.Context, *account) (pos.Answer, error) {
	return func(ctx context.Context, a *account) (pos.Answer, error) {
		b.mu.Lock()
		for reference, other := range b.books {
			if other == a {
				delete(b.books, reference)
			}
		}
		b.mu.Unlock()
		return replyLost(after)(ctx, a)
	}
}

// slow is approved, but says so late.
func (b *bank) slow(after time.Duration) func(context.Context, *account) (pos.Answer, error) {
	return func(_ context.Context, a *account) (pos.Answer, error) {
		time.Sleep(after)
		return b.say(a), nil
	}
}

// pay is the shopper's confirmation.
func (b *bank) pay(a *account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.state = pos.Approve
}

// drop takes an account out of the books, as if the request had never come.
func (b *bank) drop(a *account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for reference, other := range b.books {
		if other == a {
			delete(b.books, reference)
		}
	}
}

// revive books a charge that came late, and lets the next inquiry wait for release.
func (b *bank) revive(reference string, release chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.books[reference] = &account{theirs: "T-" + reference, state: pos.Approve, amount: 100}
	b.answers = append(b.answers, func(a *account) (pos.Answer, error) {
		<-release
		return b.say(a), nil
	})
}

// confirm is the shopper's word on one account.
func (b *bank) confirm(reference string) {
	b.mu.Lock()
	a := b.books[reference]
	b.mu.Unlock()
	b.pay(a)
}
