package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// api is an answer of testdata/api on one line, as the stream carries it.
func api(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/api/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// line is what a register says on its event stream: names of sales, or a function to call between.
func line(t *testing.T, connections ...[]any) func(http.ResponseWriter, *http.Request) {
	at := 0
	return func(w http.ResponseWriter, q *http.Request) {
		flush := http.NewResponseController(w)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "event: snapshot\ndata: {}\n\n")
		if err := flush.Flush(); err != nil {
			t.Error(err)
		}
		if at >= len(connections) {
			<-q.Context().Done()
			return
		}
		say := connections[at]
		at++
		for i, s := range say {
			switch s := s.(type) {
			case func():
				s()
			case string:
				kind, data := "trouble", s
				if !strings.HasPrefix(s, "{") {
					kind, data = "sale", api(t, s)
				}
				fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", at*100+i, kind, data)
				if err := flush.Flush(); err != nil {
					return // the follower has what it wanted
				}
			}
		}
		if at == len(connections) {
			<-q.Context().Done()
		}
	}
}

// A cashier follows a sale on the shell: one line a change, and an exit code that a script can trust.
func TestWait(t *testing.T) {
	const wrong = `{"code":"wrong_code","say":"That was a price tag."}`
	for name, c := range map[string]struct {
		args string
		line []any
		code int
	}{
		"paid":         {"--scan", []any{wrong, "sale-open.json", "sale-awaiting.json", "sale-awaiting.json", "sale-paid.json"}, 0},
		"paid-json":    {"--scan --json", []any{"sale-awaiting.json", "sale-paid.json"}, 0},
		"declined":     {"--scan", []any{"sale-awaiting.json", "sale-declined.json"}, exitFailed},
		"cancelled":    {"--scan", []any{"sale-cancelled.json"}, exitFailed},
		"manager":      {"--code-stdin", []any{"sale-awaiting.json", "sale-manager.json"}, exitTryAgain},
		"manager-json": {"--code-stdin --json", []any{"sale-manager.json"}, exitTryAgain},
		"others-scan":  {"", []any{"sale-awaiting.json", "sale-declined.json", "sale-paid.json"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := standIn(t, map[string]any{"POST /v1/sales": "sale-open.json", "POST /v1/sales/s_01J9/scan": "sale-open.json",
				"GET /v1/sales/s_01J9": "sale-open.json", "GET /v1/events": line(t, c.line)})
			got := command(t.Context(), t, "134567890123456789\n", append([]string{"--config", r.config, "sale", "129.50", "--wait"}, strings.Fields(c.args)...)...)
			if got.code != c.code {
				t.Errorf("exit %d, want %d", got.code, c.code)
			}
			golden(t, "wait-"+name+".want", got.String())
			for i, a := range r.asked() {
				if strings.HasPrefix(a.line, "POST /v1/sales/s_01J9/scan") && i != 2 {
					t.Errorf("the scan was asked for at place %d, before anybody listened", i)
				}
			}
		})
	}
}

// The daemon restarts while a cashier waits: the follower resumes, and finds what it missed.
func TestWaitOverARestart(t *testing.T) {
	var now atomic.Value
	now.Store("sale-awaiting.json")
	var once sync.Once
	read := make(chan struct{})
	r := standIn(t, map[string]any{
		"POST /v1/sales":             "sale-open.json",
		"POST /v1/sales/s_01J9/scan": "sale-open.json",
		"GET /v1/sales/s_01J9": func(w http.ResponseWriter, _ *http.Request) {
			text, err := os.ReadFile("testdata/api/" + now.Load().(string))
			if err != nil {
				t.Error(err)
			}
			send(w, string(text))
			once.Do(func() { close(read) })
		},
		"GET /v1/events": line(t, []any{"sale-awaiting.json", func() { <-read; now.Store("sale-paid.json") }}, []any{}),
	})
	got := command(t.Context(), t, "", "--config", r.config, "sale", "129.50", "--scan", "--wait")
	if got.code != 0 || strings.Count(got.out, "WAITING") != 1 || strings.Count(got.out, "PAID") != 1 {
		t.Error(got)
	}
	if !strings.Contains(got.errout, "does not answer; the sale may go on") {
		t.Error(got)
	}
}

// Ctrl-C stops the waiting, not the sale, and says so.
func TestWaitInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r := standIn(t, map[string]any{"POST /v1/sales": "sale-open.json", "POST /v1/sales/s_01J9/scan": "sale-open.json",
		"GET /v1/sales/s_01J9": "sale-awaiting.json", "GET /v1/events": line(t, []any{"sale-awaiting.json", func() { stop() }})})
	got := command(ctx, t, "", "--config", r.config, "sale", "129.50", "--scan", "--wait")
	if got.code != exitTryAgain || !strings.Contains(got.errout, "posctl show s_01J9") || !strings.Contains(got.errout, "posctl cancel s_01J9") {
		t.Error(got)
	}
}

// Nobody shows a phone: after the scanner was disarmed the wait ends, and the sale is still open.
func TestNobodyScans(t *testing.T) {
	var out, errout strings.Builder
	f := newFace(t, &out, &errout)
	w := &follower{f: f, id: "s_01J9", armed: true, sale: sale{Status: "open"}}
	gone := make(chan time.Time, 1)
	gone <- time.Time{}
	done, err := w.hear(t.Context(), make(chan event), gone)
	if !done || exitOf(err) != exitTryAgain || !strings.Contains(errout.String(), "Nothing was scanned") {
		t.Errorf("%v %v %q", done, err, errout.String())
	}
}

// stopsAt interrupts a command when it has said something.
type stopsAt struct {
	strings.Builder
	text string
	stop func()
}

func (s *stopsAt) Write(b []byte) (int, error) {
	n, err := s.Builder.Write(b)
	if strings.Contains(s.String(), s.text) {
		s.stop()
	}
	return n, err
}

// Events for a program: one line of JSON each, until interrupted.
func TestEvents(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := standIn(t, map[string]any{"GET /v1/events": line(t, []any{"sale-cancelled.json"})})
	out := &stopsAt{text: `"event":"sale"`, stop: stop}
	f := newFace(t, out, io.Discard)
	got := said{code: f.run(ctx, []string{"--config", r.config, "--json", "events"})}
	got.out = out.String()
	want := `{"event":"snapshot","data":{}}` + "\n" + `{"id":"100","event":"sale","data":{"id":"s_01J9"`
	if got.code != 0 || !strings.HasPrefix(strings.ReplaceAll(got.out, `": "`, `":"`), want) {
		t.Errorf("got %s", got)
	}
}
