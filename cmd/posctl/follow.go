package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// How long a follower waits.
const (
	armedFor     = 121 * time.Second // the register disarms its scanner after 120 s
	listenAgain  = time.Second
	withoutReply = time.Minute // after which a register that does not answer is given up
)

// follower tells a person what becomes of one sale. What it tells comes from the event stream, and
// after every new connection from the sale itself, because its end may have passed meanwhile.
type follower struct {
	f      *face
	r      *register
	id     string
	ours   bool // a try to pay was begun here: its refusal is the end
	armed  bool
	events *stream
	body   io.ReadCloser
	told   string
	text   []byte // the sale as last heard, as the API wrote it
	sale   sale
}

func (w *follower) close() {
	if w.body != nil {
		w.body.Close()
	}
}

// toTheEnd tells of every change until the sale has ended, needs a manager, or nobody scans.
func (w *follower) toTheEnd(ctx context.Context) error {
	nobody := time.NewTimer(armedFor)
	defer nobody.Stop()
	for {
		if done, err := w.ask(ctx); done {
			return err
		}
		events, stop := make(chan event), make(chan struct{})
		go read(w.events, events, stop)
		done, err := w.hear(ctx, events, nobody.C)
		close(stop)
		w.close()
		for range events { // until the reader has ended
		}
		if done {
			return err
		}
		if err := w.reconnect(ctx); err != nil {
			return err
		}
	}
}

// read hands events over until the stream ends or nobody listens any more.
func read(from *stream, to chan<- event, stop <-chan struct{}) {
	defer close(to)
	for {
		e, err := from.next()
		if err != nil {
			return
		}
		select {
		case to <- e:
		case <-stop:
			return
		}
	}
}

// hear follows one connection. It is done when the sale is, and not when only the connection ended.
func (w *follower) hear(ctx context.Context, events <-chan event, nobody <-chan time.Time) (done bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return true, w.f.left(w.id)
		case <-nobody:
			if w.armed && w.sale.Status == "open" && len(w.sale.Attempts) == 0 {
				fmt.Fprintln(w.f.stderr, w.f.say("wait.no_scan"))
				return true, coded{exitTryAgain, w.end(errSaid)}
			}
		case e, more := <-events:
			if !more {
				return false, nil
			}
			if done, err := w.learn(e); done {
				return true, err
			}
		}
	}
}

// learn takes in one event.
func (w *follower) learn(e event) (done bool, err error) {
	switch e.Kind {
	case "sale":
		var s sale
		if reads(e.Data, &s) && s.ID == w.id {
			return w.tell(s, e.Data)
		}
	case "trouble":
		var t trouble
		if reads(e.Data, &t) && w.armed && t.Say != "" && (t.Code == "wrong_code" || t.Code == "garbled") {
			fmt.Fprintln(w.f.stderr, t.Say)
		}
	}
	return false, nil
}

// ask reads the sale itself.
func (w *follower) ask(ctx context.Context) (done bool, err error) {
	text, err := w.r.get(ctx, "/v1/sales/"+url.PathEscape(w.id))
	if err != nil {
		if ctx.Err() != nil {
			return true, w.f.left(w.id)
		}
		// A register that is away is waited for where the stream is read.
		return !passing(err), err
	}
	var s sale
	if !reads(text, &s) || s.ID != w.id {
		return true, errAnswer
	}
	return w.tell(s, text)
}

// tell writes a line when the sale stands otherwise than it was last told, and says whether that is
// the end of it. The status alone is what a cashier acts on.
func (w *follower) tell(s sale, text []byte) (done bool, err error) {
	w.sale, w.text = s, append(w.text[:0], text...)
	word, line := s.Status, w.f.stands(s)
	if s.NeedsManager {
		word += " needs_manager"
	}
	if word != w.told {
		w.told = word
		if !w.f.json {
			fmt.Fprintf(w.f.stdout, "%s  %s\n", w.f.now().In(w.f.zone).Format(time.TimeOnly), line)
		}
	}
	switch {
	case s.Status == "paid":
		return true, w.end(nil)
	case s.NeedsManager:
		fmt.Fprintln(w.f.stderr, w.f.say("wait.manager", "queue", "posctl queue"))
		return true, coded{exitTryAgain, w.end(errSaid)}
	case s.Status == "cancelled" || s.Status == "settled" || s.Status == "ruled_paid" || s.Status == "ruled_unpaid",
		w.ours && (s.Status == "declined" || s.Status == "unsent"):
		return true, coded{exitFailed, w.end(errSaid)}
	}
	return false, nil
}

// end prints the sale for a program; a person has read every change already.
func (w *follower) end(err error) error {
	if w.f.json && w.text != nil {
		if wrong := w.f.shows(w.text); wrong != nil {
			return wrong
		}
	}
	return err
}

// left tells somebody who stops waiting that the register does not.
func (f *face) left(id string) error {
	fmt.Fprintln(f.stderr, f.say("wait.goes_on", "show", "posctl show "+id, "cancel", "posctl cancel "+id))
	return coded{exitTryAgain, errSaid}
}

// reconnect listens again where the stream broke off: the register was restarted, or we were slow.
func (w *follower) reconnect(ctx context.Context) error {
	fmt.Fprintln(w.f.stderr, w.f.say("wait.reconnecting"))
	giveUp := time.NewTimer(withoutReply)
	defer giveUp.Stop()
	again := time.NewTicker(listenAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.f.left(w.id)
		case <-giveUp.C:
			return coded{exitUnavailable, w.f.left(w.id)}
		case <-again.C:
		}
		events, body, err := w.r.listen(ctx, w.events.last)
		switch {
		case err == nil:
			w.events, w.body = events, body
			return nil
		case !passing(err):
			return err
		}
	}
}

// passing reports whether it is worth asking again: nobody answers, or the register says "not now".
func passing(err error) bool {
	var away unreachable
	var p problem
	return errors.As(err, &away) || (errors.As(err, &p) && p.exit() == exitTryAgain)
}
