package citcon

import (
	"errors"
	"sync/atomic"
)

// witness watches the one write of a call. It asks leaving before the first byte, counts what went out, and once
// sealed lets nothing out any more: what it says then stays true.
type witness struct {
	leaving func() error // nil for questions, which may go at once

	turn   chan struct{} // holds whoever writes or seals; a channel, because a bubble's clock waits for a mutex
	asked  bool
	denied error // what leaving said
	out    int64

	going  atomic.Bool // the write was handed on
	sealed atomic.Bool
}

func newWitness(leaving func() error) *witness {
	return &witness{leaving: leaving, turn: make(chan struct{}, 1)}
}

var errSealed = errors.New("the call is over")

// write asks for leave and writes, once the line is awake: what comes over it before that is no answer.
func (w *witness) write(l *line, b []byte, awake <-chan struct{}) error {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	if w.sealed.Load() {
		return errSealed
	}
	if w.leaving != nil {
		w.asked = true
		if w.denied = w.leaving(); w.denied != nil {
			return w.denied
		}
	}
	<-awake
	w.going.Store(true)
	before := l.raw.out.Load()
	n, err := l.Write(b)
	w.out = max(l.raw.out.Load()-before, int64(n))
	return err
}

// seal ends the call. A write under way is waited for: the connection of a call that is given up is closed, so that
// wait is short.
func (w *witness) seal() {
	w.turn <- struct{}{}
	w.sealed.Store(true)
	<-w.turn
}

// answered ends a call that was answered while or after its bytes went out, and reports whether it could: it waits for
// no write to come back from the system, which says nothing that the answer does not.
func (w *witness) answered() bool {
	if !w.going.Load() {
		return false
	}
	w.sealed.Store(true)
	return true
}
