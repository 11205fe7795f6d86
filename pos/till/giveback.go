package till

import (
	"context"
	"errors"
	"time"

	"posd/pos"
)

// giving is an unfinished refund and what the till remembers about it.
type giving struct {
	sale    string
	ticket  string
	seq     int64      // of its asking: its place
	r       pos.Refund // as journaled
	calling bool       // a call is under way
	away    bool       // and is with the acquirer, or may go there
	went    time.Time  // when it went there
	stayed  bool       // the call ended and not one byte left, whatever the file says
	due     time.Time
	tries   int
	misses  int
	flagged bool // a manager has been called
}

func (t *Till) giving(reference string) *giving { return t.byRef[reference] }

// serveRefund does the one thing that g is owed now.
func (t *Till) serveRefund(ctx context.Context, g *giving, now time.Time) {
	switch {
	case g.r.NotBefore.After(now):
		g.due = g.r.NotBefore
	case t.connection.State == pos.Offline: // when the line is back everything is due at once
		g.due = now.Add(backgroundTo)
	default:
		switch g.r.Duty(t.can) {
		case pos.DutySend:
			if now.Before(t.flow.rest) {
				g.due = t.flow.rest
				return
			}
			t.sendRefund(ctx, g)
		case pos.DutyAsk:
			t.askRefund(ctx, g)
		default:
			g.due = now.Add(time.Hour)
		}
	}
}

// sendRefund calls the acquirer beside the loop. Nothing leaves before the loop has journaled it.
func (t *Till) sendRefund(ctx context.Context, g *giving) {
	t.callRefund(ctx, g, true, func(ctx context.Context, a pos.Attempt, r pos.Refund) (pos.RefundAnswer, bool, error) {
		asked := false
		var refused error
		ans, err := t.o.Acquirer.Refund(ctx, a, r, func() error {
			if asked {
				return errNotHeld // called twice: a client's bug must not send twice
			}
			asked = true
			refused = t.leaveRefund(ctx, g)
			return refused
		})
		return ans, asked && refused == nil, errors.Join(err, refused)
	})
}

// leaveRefund waits until it is its turn and journaled that the refund is about to go. It runs in the call's goroutine.
func (t *Till) leaveRefund(ctx context.Context, g *giving) error {
	done := make(chan error, 1)
	if !t.say(ctx, word{g: g, leave: done, came: time.Now()}) {
		return errNotHeld
	}
	select {
	case err := <-done:
		return err
	case <-t.ended:
		return errNotHeld
	}
}

// askRefund asks what became of a refund that may have left.
func (t *Till) askRefund(ctx context.Context, g *giving) {
	t.callRefund(ctx, g, false, func(ctx context.Context, a pos.Attempt, r pos.Refund) (pos.RefundAnswer, bool, error) {
		ans, err := t.o.Acquirer.InquireRefund(ctx, a, r)
		return ans, true, err
	})
}

// callRefund runs one call beside the loop; its answer comes back as a lesson. The call reports whether
// it may have reached the acquirer.
func (t *Till) callRefund(ctx context.Context, g *giving, sends bool, call func(context.Context, pos.Attempt, pos.Refund) (pos.RefundAnswer, bool, error)) {
	s, err := t.sale(ctx, g.sale)
	if err != nil {
		t.fail(err)
		return
	}
	a := *s.Attempt(g.r.Attempt)
	r := g.r
	g.calling, g.stayed = true, false // what an earlier call left undone says nothing of this one
	g.tries++
	t.flow.begin(g, !sends)
	t.calls.Go(func() {
		bound, cancel := context.WithTimeout(ctx, callBound)
		defer cancel()
		began := time.Now()
		ans, left, err := call(bound, a, r)
		if ctx.Err() != nil {
			return // we are stopping; the refund is unfinished on disk, and the next start goes on
		}
		t.say(ctx, word{g: g, sent: sends, left: left, ans: ans, err: err, took: time.Since(began)})
	})
}

// flagRefund calls a manager as soon as only a manager can help, and takes the call back.
func (t *Till) flagRefund(g *giving, now time.Time) {
	needed := g.r.NeedsManager(t.can, now)
	switch {
	case needed && !g.flagged:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleNeedsManager, About: g.r.ID, Since: now})
	case !needed && g.flagged:
		t.o.Clear(pos.TroubleNeedsManager, g.r.ID)
	}
	g.flagged = needed
}
