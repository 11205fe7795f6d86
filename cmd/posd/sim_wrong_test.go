package main

import (
	"context"
	"testing"

	"posd/pos"
)

// wrongRule breaks one rule on purpose, where the till meets its acquirer; the zero value breaks none.
type wrongRule struct {
	acquires func(pos.Acquirer) pos.Acquirer
}

func (r wrongRule) acquirer(a pos.Acquirer) pos.Acquirer {
	if r.acquires == nil {
		return a
	}
	return r.acquires(a)
}

// misled is an acquirer whose answers are read by a wrong rule.
type misled struct {
	pos.Acquirer
	idempotent bool
	read       func(call string, a pos.Attempt, ans pos.Answer, err error) (pos.Answer, error)
	retries    bool
}

func (m misled) Can() pos.Capabilities {
	can := m.Acquirer.Can()
	can.RefundIdempotent = can.RefundIdempotent || m.idempotent
	return can
}

func (m misled) reads(call string, a pos.Attempt, ans pos.Answer, err error) (pos.Answer, error) {
	if m.read == nil {
		return ans, err
	}
	return m.read(call, a, ans, err)
}

func (m misled) Charge(ctx context.Context, c pos.Charge, leaving func() error) (pos.Answer, error) {
	left := false
	ans, err := m.Acquirer.Charge(ctx, c, func() error {
		if left {
			return nil
		}
		left = true
		return leaving()
	})
	if m.retries && left && err != nil {
		c.Reference += "x"
		ans, err = m.Acquirer.Charge(ctx, c, func() error { return nil })
	}
	return m.reads("charge", c.Attempt, ans, err)
}

func (m misled) Inquire(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	ans, err := m.Acquirer.Inquire(ctx, a)
	return m.reads("inquire", a, ans, err)
}

func (m misled) Search(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	ans, err := m.Acquirer.Search(ctx, a)
	return m.reads("search", a, ans, err)
}

func (m misled) Cancel(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	ans, err := m.Acquirer.Cancel(ctx, a)
	return m.reads("cancel", a, ans, err)
}

// The simulation is worth something only if it finds what it is there for: each wrong rule, one of those
// that real integrations have, must show within a few seeds.
func TestSimulationFindsWrongRules(t *testing.T) {
	reads := func(f func(call string, a pos.Attempt, ans pos.Answer, err error) (pos.Answer, error)) wrongRule {
		return wrongRule{acquires: func(a pos.Acquirer) pos.Acquirer { return misled{Acquirer: a, read: f} }}
	}
	const within = 40
	for name, rule := range map[string]wrongRule{
		"silence means declined": reads(func(call string, _ pos.Attempt, ans pos.Answer, err error) (pos.Answer, error) {
			if err == nil || call != "charge" {
				return ans, err
			}
			return pos.Answer{Event: pos.Decline, Reason: "timeout"}, nil
		}),
		"not found means declined": reads(func(_ string, _ pos.Attempt, ans pos.Answer, err error) (pos.Answer, error) {
			if err == nil && (ans.Event == pos.Absent || ans.Event == pos.Unfound) {
				ans.Event = pos.Decline
			}
			return ans, err
		}),
		"a cancel trusted without its answer": reads(func(call string, _ pos.Attempt, ans pos.Answer, err error) (pos.Answer, error) {
			if call != "cancel" || err == nil {
				return ans, err
			}
			return pos.Answer{Event: pos.Close}, nil
		}),
		"a charge retried under a new reference": {acquires: func(a pos.Acquirer) pos.Acquirer { return misled{Acquirer: a, retries: true} }},
		"a refund sent again where that gives twice": {acquires: func(a pos.Acquirer) pos.Acquirer {
			return misled{Acquirer: a, idempotent: true}
		}},
		"late money dropped": reads(func(call string, _ pos.Attempt, ans pos.Answer, err error) (pos.Answer, error) {
			if call == "cancel" && ans.Event == pos.TooLate {
				return pos.Answer{Event: pos.Close}, nil
			}
			return ans, err
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(within) {
				if found := simulate(t, seed, rule).found; len(found) > 0 {
					t.Logf("found at seed %d: %s", seed, found[0])
					return
				}
			}
			t.Errorf("%d seeds, and nothing was found", within)
		})
	}
}
