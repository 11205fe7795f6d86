package till

import (
	"cmp"
	"context"
	"slices"
	"time"

	"posd/pos"
)

// yieldFor is how long refunds let a question go first that finds no answer.
const yieldFor = 30 * time.Second

// restFirst is the rest after a refund that brought no answer; it doubles. A cashier's next refund is not felt to wait.
const restFirst = 2 * time.Second

// maxOutlooks bounds how many refunds Standing tells about: the oldest.
const maxOutlooks = 200

// Once refunds are answered quickly, a few are made ready before it is their turn: the place that an answer leaves is taken
// in the same durable step. Who waits longer at the door is turned away, for a connection that idles may be dead.
const (
	atDoor    = 4
	doorFor   = time.Second
	quickWord = 500 * time.Millisecond
)

// flow is how refunds leave. One goes alone when nothing is known of the line; each that goes well lets one more
// go beside it, up to what the dialect allows. One that left and brings no answer lets the next go alone again,
// after a rest. So a line that is not really back leaves a few refunds in doubt, and not thousands.
type flow struct {
	wide   int       // calls that may be with the acquirer beside the first
	calls  int       // under way
	away   int       // of them, those that are with the acquirer or may go to it
	door   []word    // of the others, those that are ready and wait for their turn
	quick  bool      // the last answer came quickly
	silent int       // refunds in a row, each after a rest, that brought no answer
	rest   time.Time // until when no refund is sent; questions may go
	yields time.Time // until when questions about payments and cancels go first, if any are under way

	looked bool                   // nothing stirred since the last look
	next   time.Time              // when to look again all the same
	told   map[string]pos.Outlook // what Standing says, until something stirs
}

// stir says that something changed: the next turn looks at the refunds anew.
func (f *flow) stir() { f.looked, f.told = false, nil }

// full reports whether no call may begin now. A refund may before it is its turn, for it waits at the door; a question
// goes at once.
func (f *flow) full(duty pos.Duty) bool {
	ahead := 0
	if f.quick {
		ahead = min(f.wide, atDoor)
	}
	return f.calls > f.wide+ahead || duty != pos.DutySend && f.free() < 1
}

func (f *flow) free() int { return f.wide + 1 - f.away }

// begin is the begin of a call.
func (f *flow) begin(g *giving, away bool) {
	f.calls++
	if away {
		f.goes(g)
	}
}

func (f *flow) goes(g *giving) {
	f.away++
	g.away, g.went = true, time.Now()
}

// end is the end of a call.
func (f *flow) end(g *giving) {
	f.calls--
	if g.away {
		f.away--
	}
	g.away = false
	f.stir()
}

// waits puts who is ready at the door, in the order they were asked for.
func (f *flow) waits(w word) {
	i, _ := slices.BinarySearchFunc(f.door, w.g.seq, func(other word, seq int64) int { return cmp.Compare(other.g.seq, seq) })
	f.door = slices.Insert(f.door, i, w)
}

// turnAway lets nobody wait at the door any more who has stood there for so long, and returns when the first of the others
// came.
func (f *flow) turnAway(now time.Time, stood time.Duration) (first time.Time) {
	f.door = slices.DeleteFunc(f.door, func(w word) bool {
		if now.Sub(w.came) >= stood {
			w.leave <- errNotHeld
			return true
		}
		if first.IsZero() || w.came.Before(first) {
			first = w.came
		}
		return false
	})
	return first
}

// well says that a refund was answered. That a question was proves less, and so does an answer to one that left before
// another brought none.
func (f *flow) well(atOnce int, now time.Time) {
	if now.Before(f.rest) {
		return
	}
	f.wide, f.silent, f.rest = min(f.wide+1, max(atOnce, 1)-1), 0, time.Time{}
}

// silence says that a refund left and nothing came back. All that were under way at the time are one silence.
func (f *flow) silence(now time.Time) {
	f.wide = 0
	if now.Before(f.rest) {
		return
	}
	f.rest = now.Add(min(restFirst<<min(f.silent, 10), backgroundTo))
	f.silent++
}

// yield lets the questions about payments and their cancels go before the refunds, now that the line is back.
func (f *flow) yield(now time.Time) {
	f.yields = now.Add(yieldFor)
	f.stir()
}

// tireAtDoor turns away who has stood at the door for too long, and returns when to look again.
func (t *Till) tireAtDoor(now time.Time) time.Time {
	first := t.flow.turnAway(now, doorFor)
	if first.IsZero() {
		return first
	}
	return first.Add(doorFor)
}

// giveBack starts the calls about refunds that are due, in the order they were asked for, and returns when to
// look again.
func (t *Till) giveBack(ctx context.Context, now time.Time) time.Time {
	if now.Before(t.flow.yields) && t.running > 0 {
		return t.flow.yields
	}
	t.flow.yields = time.Time{}
	if t.flow.looked && now.Before(t.flow.next) {
		return t.flow.next
	}
	t.flow.looked, t.flow.told, t.flow.next = true, nil, now.Add(time.Hour)
	if err := t.reachOut(ctx); err != nil {
		t.fail(err)
		return now
	}
	for i := 0; i < len(t.back); {
		g := t.back[i]
		if g.r.State == pos.RefundOwed && !g.calling && now.Sub(g.r.Asked) >= pos.RefundLapsesAfter {
			if t.learnRefund(ctx, g.r.Reference, pos.RefundAnswer{Event: pos.RefundLapse, Reason: "too_old"}) != nil {
				return now
			}
			continue // it is gone from the list
		}
		i++
		t.flagRefund(g, now)
		if !g.calling && !now.Before(g.due) {
			if t.flow.full(g.r.Duty(t.can)) {
				return t.flow.next // the end of any call looks again
			}
			if t.besides(g) {
				continue // and so does the end of that one
			}
			t.serveRefund(ctx, g, now)
			if t.broken != nil {
				return now
			}
		}
		if !g.calling && g.due.Before(t.flow.next) {
			t.flow.next = g.due
		}
	}
	if t.short() {
		t.flow.looked = false // more are read at the next turn: who stands at the counter goes between
		return now
	}
	return t.flow.next
}

// besides reports whether another refund of the same sale is under way. Two parts of one payment do not race:
// what the acquirer says of the second then knows the first.
func (t *Till) besides(g *giving) bool {
	s := t.sales[g.sale] // what is under way keeps its sale in memory
	return s != nil && slices.ContainsFunc(s.Refunds, func(r pos.Refund) bool {
		other := t.byRef[r.Reference]
		return other != nil && other.calling
	})
}

// drop forgets a refund that is final. Refunds end about where they begin, at the head: what stands before it
// moves, and not the thousands behind it.
func (t *Till) drop(g *giving) {
	delete(t.byRef, g.r.Reference)
	i := slices.Index(t.back, g)
	if i < 0 {
		return
	}
	copy(t.back[1:i+1], t.back[:i])
	t.back[0] = nil
	t.back = t.back[1:]
}

// outlooks is what the till means to do about refunds, the oldest first. One that waits for its turn has none.
func (t *Till) outlooks() map[string]pos.Outlook {
	if t.flow.told != nil {
		return t.flow.told
	}
	t.flow.told = map[string]pos.Outlook{}
	for _, g := range t.back[:min(len(t.back), maxOutlooks)] {
		if !g.calling && g.tries == 0 && g.r.State == pos.RefundOwed {
			continue
		}
		o := pos.Outlook{NeedsManager: g.r.NeedsManager(t.can, time.Now()), Calling: g.calling, Tries: g.tries, Misses: g.misses}
		if !g.calling {
			o.Next = g.due
		}
		t.flow.told[g.r.Reference] = o
	}
	return t.flow.told
}
