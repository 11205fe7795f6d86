package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Do is what a charge meets.
type Do string

// What a charge may meet.
const (
	Approve     Do = "approve"
	Password    Do = "password"    // the shopper types for For, then it is paid
	Polls       Do = "polls"       // paid at the N-th inquiry
	Never       Do = "never"       // the shopper never confirms
	Decline     Do = "decline"     // refused with Code and Text
	LostBefore  Do = "lost-before" // the request is lost: nothing charged, no answer after For
	LostAfter   Do = "lost-after"  // charged, no answer after For
	Slow        Do = "slow"        // charged, answered after For
	Cut         Do = "cut"         // charged, the answer ends after N bytes
	Repeated    Do = "repeated"    // charged, the answer comes twice in one body
	Garbage     Do = "garbage"     // charged, the answer is somebody else's page
	WrongAmount Do = "wrong-amount"
)

// Step is what one charge meets.
type Step struct {
	Do   Do
	For  time.Duration
	N    int
	Code string
	Text string
}

// maxHold bounds how long an answer is held back.
const maxHold = 2 * time.Minute

var known = map[Do]bool{Approve: true, Password: true, Polls: true, Never: true, Decline: true, LostBefore: true, LostAfter: true, Slow: true,
	Cut: true, Repeated: true, Garbage: true, WrongAmount: true}

// step takes the next of a script.
func (s *Sandbox) step(of *[]Step) Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*of) == 0 {
		return Step{Do: Approve}
	}
	first := (*of)[0]
	*of = (*of)[1:]
	return first
}

// hold waits, but not for somebody who has gone.
func hold(r *http.Request, d time.Duration) {
	timer := time.NewTimer(min(d, maxHold))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// deliver sends the answer to a charge the way the step breaks it.
func (s *Sandbox) deliver(w http.ResponseWriter, r *http.Request, step Step, f fields) {
	switch step.Do {
	case LostAfter:
		hold(r, step.For)
		panic(http.ErrAbortHandler)
	case Slow:
		hold(r, step.For)
	case Cut:
		b, _ := json.Marshal(f)
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:min(max(step.N, 1), len(b)-1)])
		panic(http.ErrAbortHandler)
	case Repeated:
		s.reply(w, false, f)
		s.reply(noHeader{w}, false, f)
		return
	case Garbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>Please log in to the mall's guest network</body></html>"))
		return
	}
	s.reply(w, false, f)
}

// noHeader lets a second body follow the first.
type noHeader struct{ http.ResponseWriter }

func (noHeader) WriteHeader(int) {}

// order is a step as the control face reads it. Durations have units: "20s".
type order struct {
	Call string `json:"call,omitempty"` // "refund", or a charge when absent
	Do   Do     `json:"do"`
	For  string `json:"for,omitempty"`
	N    int    `json:"n,omitempty"`
	Code string `json:"code,omitempty"`
	Text string `json:"text,omitempty"`
}

func (o order) step() (Step, error) {
	if !known[o.Do] {
		return Step{}, fmt.Errorf("%q is nothing that a charge can meet", o.Do)
	}
	d := time.Duration(0)
	if o.For != "" {
		var err error
		if d, err = time.ParseDuration(o.For); err != nil || d < 0 || d > maxHold {
			return Step{}, fmt.Errorf("%q is no duration of at most %s", o.For, maxHold)
		}
	}
	return Step{o.Do, d, o.N, o.Code, o.Text}, nil
}

// control is the face for other processes: posim, tests, a person with a browser's console.
func (s *Sandbox) control() {
	s.mux.HandleFunc("POST /control/script", orders(func(o order) error {
		step, err := o.step()
		switch {
		case err != nil:
		case o.Call == "refund":
			s.ScriptRefunds(step)
		case o.Call == "":
			s.Script(step)
		default:
			err = fmt.Errorf("%q has no script: a charge or a refund has", o.Call)
		}
		return err
	}))
	s.mux.HandleFunc("POST /control/line", orders(func(o struct {
		Refused bool `json:"refused"`
	}) error {
		s.Refuse(o.Refused)
		return nil
	}))
	s.mux.HandleFunc("POST /control/history", orders(func(o struct {
		Hidden bool `json:"hidden"`
	}) error {
		s.HideHistory(o.Hidden)
		return nil
	}))
	s.mux.HandleFunc("POST /control/shopper", orders(func(o struct {
		Confirms bool `json:"confirms"`
	}) error {
		if !s.Shopper(o.Confirms) {
			return errors.New("no payment is pending")
		}
		return nil
	}))
	s.mux.HandleFunc("GET /control/ledger", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Ledger())
	})
}

// orders reads an order strictly and answers 204, or 400 with why.
func orders[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var o T
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		err := d.Decode(&o)
		if err == nil {
			err = do(o)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
