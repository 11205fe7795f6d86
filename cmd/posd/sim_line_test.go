package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"posd/pos/acquirer/sandbox"
)

// roughLine stands between the register's real client and the simulated acquirer: it loses requests and
// answers, delivers some when nobody waits any more, cuts, repeats and garbles. What happens to an
// exchange is drawn from the seed and the number of the exchange alone.
type roughLine struct {
	seed   uint64
	bad    float64 // how often an exchange meets a fault
	box    *sandbox.Sandbox
	healed atomic.Bool
	down   atomic.Bool // no connection can be opened
	late   sync.WaitGroup

	mu       sync.Mutex
	n        int
	arrived  map[string]int // money requests that reached the line, by call and reference
	met      map[string]int // faults that happened, by name
	longest  time.Duration  // how late a request may be delivered
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	stopPipe func()
}

func newRoughLine(seed uint64, bad float64, box *sandbox.Sandbox) *roughLine {
	l := &roughLine{seed: seed, bad: bad, box: box, arrived: map[string]int{}, met: map[string]int{}, longest: 100 * time.Second}
	l.dial, l.stopPipe = sandbox.Pipe(l)
	return l
}

// open is the register's network.
func (l *roughLine) open(ctx context.Context, network, addr string) (net.Conn, error) {
	if l.down.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("connection refused")}
	}
	return l.dial(ctx, network, addr)
}

// heal mends the line for good and waits for what is still on its way.
func (l *roughLine) heal() {
	l.healed.Store(true)
	l.down.Store(false)
	l.late.Wait()
}

// draws gives every subject throws of its own, so that a seed says the same whatever races.
func draws(seed uint64, what string) *rand.Rand {
	h := seed
	for _, b := range []byte(what) {
		h = h*1099511628211 + uint64(b)
	}
	return rand.New(rand.NewPCG(seed, h))
}

// faults are what an exchange can meet; a charge must not be repeated by the line unless the acquirer
// takes a code once, and nobody's network repeats a refund inside a secured connection.
var faults = []string{"request lost", "reply lost", "delivered late", "reply late", "reply cut", "somebody's page", "said twice", "gateway, before", "gateway, after", "asked twice"}

func (l *roughLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	call := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	l.mu.Lock()
	l.n++
	d := draws(l.seed, fmt.Sprint("exchange", l.n))
	if call == "pay" || call == "refund" || call == "gen_payment_qr" {
		r.Body = io.NopCloser(bytes.NewReader(body))
		l.arrived[call+" "+r.PostFormValue("reference")]++
	}
	l.mu.Unlock()
	fault := ""
	if !l.healed.Load() && d.Float64() < l.bad {
		fault = faults[d.IntN(len(faults))]
	}
	l.mu.Lock()
	l.met[fault]++
	l.mu.Unlock()
	deliver := func() *httptest.ResponseRecorder {
		q := r.Clone(context.WithoutCancel(r.Context()))
		q.Body, q.Form, q.PostForm = io.NopCloser(bytes.NewReader(body)), nil, nil
		rec := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }() // the acquirer's own script may hang up: then there is no answer
			l.box.ServeHTTP(rec, q)
		}()
		return rec
	}
	wait := time.Duration(d.IntN(60_000)) * time.Millisecond
	switch fault {
	case "request lost":
		hang(r, wait)
	case "delivered late":
		l.late.Go(func() {
			time.Sleep(min(wait*2, l.longest))
			deliver()
		})
		hang(r, wait)
	case "reply lost":
		deliver()
		hang(r, wait)
	case "reply late":
		rec := deliver()
		pause(r, wait)
		answer(w, rec.Body.Bytes())
	case "reply cut":
		whole := deliver().Body.Bytes()
		w.Header().Set("Content-Length", fmt.Sprint(len(whole)+1))
		_, _ = w.Write(whole[:d.IntN(len(whole)+1)])
		panic(http.ErrAbortHandler)
	case "somebody's page":
		deliver()
		answer(w, []byte("<html><body>Please log in to the mall's guest network</body></html>"))
	case "said twice":
		whole := deliver().Body.Bytes()
		answer(w, append(whole[:len(whole):len(whole)], whole...))
	case "gateway, before":
		w.WriteHeader(http.StatusBadGateway)
	case "gateway, after":
		deliver()
		w.WriteHeader(http.StatusGatewayTimeout)
	case "asked twice":
		rec := deliver()
		if call != "refund" {
			second := deliver()
			if d.IntN(2) == 0 && call != "pay" {
				rec = second
			}
		}
		answer(w, rec.Body.Bytes())
	default:
		answer(w, deliver().Body.Bytes())
	}
}

// answer sends what the acquirer said; an empty answer is a connection that ends.
func answer(w http.ResponseWriter, body []byte) {
	if len(body) == 0 {
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// hang keeps the caller waiting and then ends the connection.
func hang(r *http.Request, d time.Duration) {
	pause(r, d)
	panic(http.ErrAbortHandler)
}

func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
