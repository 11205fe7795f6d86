package api_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posd/pos"
	"posd/pos/acquirer/citcon"
	"posd/pos/acquirer/sandbox"
	"posd/pos/api"
	"posd/pos/health"
	"posd/pos/till"
	"posd/pos/words"
	"posd/store"
)

// register is a whole register but for its hardware: a real file, the real till, the real client and the
// simulated acquirer, behind the real face on a loopback port.
type register struct {
	t      *testing.T
	base   string
	tokens api.Tokens
	box    *sandbox.Sandbox
	till   *till.Till
	log    *spoken
	dir    string

	mislisted atomic.Value // the id of a refund
}

// spoken is everything that was logged.
type spoken struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// noDesk is a counter without hardware.
type noDesk struct{}

func (noDesk) Standing() []pos.Device {
	return []pos.Device{{Name: "printer", Role: pos.RolePrinter, Driver: "escpos", State: pos.DeviceReady}}
}
func (noDesk) Discover() []pos.Found {
	return []pos.Found{{Kind: pos.PortSerial, Port: "usb:0c2e:0b6a", Node: "/dev/ttyACM0", Matches: []pos.Matching{}}}
}
func (noDesk) Print(_ context.Context, slip pos.Slip) pos.Printed {
	if slip.Kind == pos.SlipDay {
		return pos.Printed{What: pos.SlipNoPrinter}
	}
	return pos.Printed{OK: true, What: pos.SlipPrinted, Copy: true, Lacks: []pos.PrinterLack{pos.LackLetters}}
}
func (noDesk) Test(_ context.Context, name string, slip pos.Slip) (pos.Trial, error) {
	switch name {
	case "scanner":
		return pos.Trial{OK: true, What: "read", Args: map[string]string{"family": "wechat", "code": "****6789", "aim": "", "n": "18"}}, nil
	case "display":
		return pos.Trial{OK: true, What: "shown", Args: map[string]string{"text": "posd display", "seconds": "20"}}, nil
	case "printer":
		return pos.Trial{OK: true, What: "printed", Args: map[string]string{"letters": "lacks", "kind": string(slip.Kind)}}, nil
	case "empty":
		return pos.Trial{What: "paper", Args: map[string]string{"why": "it has no paper"}}, nil
	case "pulled":
		return pos.Trial{What: "not_ready", Args: map[string]string{"why": "the cable is out", "port": "/dev/ttyACM0"}}, nil
	}
	return pos.Trial{}, pos.Refuse("desk.test", pos.NotFound, "%q", name)
}

// book is the register file, in which a refund may be listed with a sale that knows none of it.
type book struct {
	*store.Store
	r *register
}

func (b book) Refunds(ctx context.Context, left bool, after int64, limit int) ([]pos.Waiting, error) {
	list, err := b.Store.Refunds(ctx, left, after, limit)
	lost, _ := b.r.mislisted.Load().(string)
	for i := range list {
		if list[i].Sale.Refund(list[i].Reference).ID == lost {
			list[i].Sale = pos.Sale{}
		}
	}
	return list, err
}

func open(t *testing.T) *register {
	t.Helper()
	return openIn(t, t.TempDir())
}

func openIn(t *testing.T, dir string) *register {
	t.Helper()
	r := &register{t: t, log: &spoken{}, dir: dir, box: sandbox.New(sandbox.Options{Token: "0A1B2C3D", Currency: "USD"})}
	log := slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := store.LoadKey(filepath.Join(dir, "register.key"), filepath.Join(dir, "register.db"))
	must(err)
	file, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "register.db"), Key: key, Log: log})
	must(err)
	sentences, err := words.Open()
	must(err)
	r.tokens, err = api.OpenTokens(filepath.Join(dir, "tokens"))
	must(err)
	dial, hangUp := sandbox.Pipe(r.box)
	bank, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return "0A1B2C3D", nil }, Currency: "USD", Dial: dial})
	must(err)
	var face *api.Server
	board := health.New(func() { face.Tell("trouble", nil) })
	r.till = till.New(till.Options{Register: "NYC5AV-03", Currency: "USD", Calendar: pos.Calendar{Zone: time.UTC}, Limit: 20, Journal: file,
		Acquirer: bank, Rand: rand.Reader, Show: func(pos.Prompt) {}, Told: func(kind string, what any) { face.Tell(kind, what) },
		Committed: func(g pos.Growth) { face.Committed(g) }, Trouble: board.Raise, Clear: board.Clear, Log: log})
	face = api.New(api.Options{Register: "NYC5AV-03", Store: "NYC5AV", Version: "test", Currency: "USD", Zone: time.UTC, Languages: []string{"en", "zh-Hans"},
		Capabilities: bank.Can(), Till: r.till, Book: book{file, r}, Desk: noDesk{}, Health: board, Words: sentences, Tokens: r.tokens, Log: log})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(err)
	r.base = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	for _, run := range []func() error{func() error { return r.till.Run(ctx) }, func() error { return face.Run(ctx) }, func() error { return face.Serve(ctx, l) }} {
		parts.Go(func() {
			if err := run(); err != nil {
				t.Errorf("a part ended: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		parts.Wait()
		hangUp()
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 1000 { // the till answers its first command when it has read the file
		if r.till.Alive(t.Context()) {
			break
		}
	}
	return r
}

// call asks as the cashier and gives back the status and the body.
func (r *register) call(method, path string, body any, headers ...string) (int, string) {
	r.t.Helper()
	var in io.Reader
	if text, ok := body.(string); ok {
		in = strings.NewReader(text)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, in)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.tokens[api.RoleCashier])
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// sell opens a sale and gives back its id.
func (r *register) sell(minor int64, key string) string {
	r.t.Helper()
	code, body := r.call("POST", "/v1/sales", map[string]any{"amount": minor, "currency": "USD"}, "Idempotency-Key", key)
	var s api.Sale
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != 201 {
		r.t.Fatalf("%d %s", code, body)
	}
	return s.ID
}

// events is one stream, read in order.
type events struct {
	t    *testing.T
	in   *bufio.Reader
	body io.Closer
	last string // the number that came without an event
}

type heard struct{ kind, id, data string }

func (r *register) listen(headers ...string) *events {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+"/v1/events", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.tokens[api.RoleDisplay])
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatal(resp, err)
	}
	r.t.Cleanup(func() { _ = resp.Body.Close() })
	return &events{t: r.t, in: bufio.NewReader(resp.Body), body: resp.Body}
}

// next reads one event; it is bounded by the test's own time.
func (e *events) next() (h heard) {
	e.t.Helper()
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			e.t.Fatalf("the stream ended: %v", err)
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && h.kind != "":
			return h
		case line == "": // a number alone
			e.last, h = h.id, heard{}
		case name == "event":
			h.kind = value
		case name == "id":
			h.id = value
		case name == "data":
			h.data = value
		}
	}
}

// until reads on to the first event that is wanted.
func (e *events) until(wanted func(heard) bool) heard {
	e.t.Helper()
	for range 200 {
		if h := e.next(); wanted(h) {
			return h
		}
	}
	e.t.Fatal("200 events, and not the one that was waited for")
	return heard{}
}

func saleIs(status string) func(heard) bool {
	return func(h heard) bool { return h.kind == "sale" && strings.Contains(h.data, `"status":"`+status+`"`) }
}
