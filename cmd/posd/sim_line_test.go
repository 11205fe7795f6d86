package main

import (
	"bytes"
	"cmp"
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

	"posd/pos"
	"posd/pos/acquirer/sandbox"
)

// roughLine stands between the register's real client and the simulated acquirer: it loses requests and
// answers, delivers some when nobody waits any more or after others that were sent later, cuts, repeats and
// garbles. What happens to an exchange is drawn from the seed, the call, whom it is about and how often that was
// asked before, whatever else is on the line.
type roughLine struct {
	seed   uint64
	bad    float64 // how often an exchange meets a fault
	box    *sandbox.Sandbox
	healed atomic.Bool
	down   atomic.Bool     // no connection can be opened
	late   *sync.WaitGroup // requests that are delivered when nobody waits for them, shoppers who make up their minds
	busy   *sync.WaitGroup // exchanges

	mu       sync.Mutex
	asked    map[string]int         // exchanges, by call and whom it is about
	arrived  map[string][]time.Time // money requests that reached the line, by call and reference
	met      map[string]int         // faults that happened, by name
	longest  time.Duration          // how late a request may be delivered
	behind   []chan struct{}        // requests that wait until another has been answered
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	stopPipe func()
}

func newRoughLine(seed uint64, bad float64, box *sandbox.Sandbox) *roughLine {
	return &roughLine{seed: seed, bad: bad, box: box, asked: map[string]int{}, arrived: map[string][]time.Time{}, met: map[string]int{}, longest: 100 * time.Second}
}

// connect lays the cable; it belongs to the bubble of time it is laid in.
func (l *roughLine) connect() {
	l.late, l.busy, l.behind = &sync.WaitGroup{}, &sync.WaitGroup{}, nil
	l.dial, l.stopPipe = sandbox.Pipe(l)
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
var faults = []string{"request lost", "reply lost", "delivered late", "request late", "overtaken", "reply late", "reply cut", "somebody's page",
	"said twice", "gateway, before", "gateway, after", "asked twice"}

// kindsOfMoney are the calls that may take or give money.
var kindsOfMoney = map[string]bool{"pay": true, "refund": true, "gen_payment_qr": true}

func (l *roughLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.busy.Add(1)
	defer l.busy.Done()
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	call := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	r.Body = io.NopCloser(bytes.NewReader(body))
	about := call + " " + cmp.Or(r.PostFormValue("reference"), r.PostFormValue("transaction_id"))
	l.mu.Lock()
	l.asked[about]++
	d := draws(l.seed, fmt.Sprint(about, " ", l.asked[about]))
	if kindsOfMoney[call] {
		l.arrived[about] = append(l.arrived[about], time.Now())
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
		l.mu.Lock()
		for _, waits := range l.behind {
			close(waits)
		}
		l.behind = nil
		l.mu.Unlock()
		return rec
	}
	// No two things on the line happen in the same nanosecond, so that a seed tells one story.
	time.Sleep(time.Duration(1e6+d.IntN(200e6)) * time.Nanosecond)
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
	case "request late":
		time.Sleep(wait)
		answer(w, deliver().Body.Bytes())
	case "overtaken": // something sent later is there first
		next := make(chan struct{})
		l.mu.Lock()
		l.behind = append(l.behind, next)
		l.mu.Unlock()
		select {
		case <-next:
		case <-time.After(wait):
		}
		time.Sleep(time.Duration(1+d.IntN(1e6)) * time.Nanosecond)
		answer(w, deliver().Body.Bytes())
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

// apart is the real client with calls that never begin in the same nanosecond, as in life.
type apart struct {
	pos.Acquirer
	seed uint64

	mu    *sync.Mutex
	begun map[string]int
}

func (a apart) wait(call, about string) {
	a.mu.Lock()
	a.begun[call+about]++
	d := draws(a.seed, fmt.Sprint("begin ", call, about, a.begun[call+about]))
	a.mu.Unlock()
	time.Sleep(time.Duration(1 + d.IntN(1e6)))
}

func (a apart) Ready(ctx context.Context) error {
	a.wait("ready", "")
	return a.Acquirer.Ready(ctx)
}

func (a apart) Charge(ctx context.Context, c pos.Charge, leaving func() error) (pos.Answer, error) {
	a.wait("charge", c.Reference)
	return a.Acquirer.Charge(ctx, c, leaving)
}

func (a apart) Present(ctx context.Context, x pos.Attempt, leaving func() error) (pos.Answer, error) {
	a.wait("present", x.Reference)
	return a.Acquirer.Present(ctx, x, leaving)
}

func (a apart) Inquire(ctx context.Context, x pos.Attempt) (pos.Answer, error) {
	a.wait("inquire", x.Reference)
	return a.Acquirer.Inquire(ctx, x)
}

func (a apart) Search(ctx context.Context, x pos.Attempt) (pos.Answer, error) {
	a.wait("search", x.Reference)
	return a.Acquirer.Search(ctx, x)
}

func (a apart) Cancel(ctx context.Context, x pos.Attempt) (pos.Answer, error) {
	a.wait("cancel", x.Reference)
	return a.Acquirer.Cancel(ctx, x)
}

func (a apart) Refund(ctx context.Context, x pos.Attempt, r pos.Refund, leaving func() error) (pos.RefundAnswer, error) {
	a.wait("refund", r.Reference)
	return a.Acquirer.Refund(ctx, x, r, leaving)
}

func (a apart) InquireRefund(ctx context.Context, x pos.Attempt, r pos.Refund) (pos.RefundAnswer, error) {
	a.wait("inquire refund", r.Reference)
	return a.Acquirer.InquireRefund(ctx, x, r)
}
