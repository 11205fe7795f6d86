package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What is owed after an outage, and how the acquirer of that day answers.
const (
	atOnce  = 32
	latency = 50 * time.Millisecond
)

// tally is what the slow acquirer saw of refunds.
type tally struct {
	Refunds, Twice int
	AtOnce         int           // at most so many under way at a time
	Astray         int           // the farthest that one came from its place in the order
	Took           time.Duration // from the first one's arrival to the last one's answer
}

// slowPeer is an acquirer that answers a payment at once and a refund after the latency. It goes away and comes
// back by itself or by a call of its control address.
type slowPeer struct {
	addr string
	cert tls.Certificate

	mu          sync.Mutex
	web         *http.Server
	tally       tally
	running     int
	first, last time.Time
	seen        map[string]bool
	paid        atomic.Int64
}

func slow(caFile string) error {
	cert, caPEM, err := selfSigned()
	if err != nil {
		return err
	}
	if err := os.WriteFile(caFile, caPEM, 0o600); err != nil {
		return err
	}
	p := &slowPeer{addr: "127.0.0.1:0", cert: cert, seen: map[string]bool{}}
	if err := p.up(); err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening %s\ncontrol %s\n", p.addr, control.Addr())
	return http.Serve(control, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		p.mu.Lock()
		t := p.tally
		t.Took = p.last.Sub(p.first)
		p.mu.Unlock()
		switch r.URL.Path {
		case "/up":
			err = p.up()
		case "/down":
			p.mu.Lock()
			err = p.web.Close()
			p.mu.Unlock()
		case "/again":
			p.mu.Lock()
			p.tally, p.first, p.seen = tally{}, time.Time{}, map[string]bool{}
			p.mu.Unlock()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(t)
	}))
}

func (p *slowPeer) up() error {
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	p.addr = l.Addr().String()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.web = &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: p,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if secured, ok := c.(*tls.Conn); ok {
				c = secured.NetConn()
			}
			return context.WithValue(ctx, connKey{}, c)
		}}
	web := p.web
	go func() {
		_ = web.Serve(tls.NewListener(timedListener{l}, &tls.Config{Certificates: []tls.Certificate{p.cert}, NextProtos: []string{"http/1.1"}}))
	}()
	return nil
}

func (p *slowPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	c, _ := r.Context().Value(connKey{}).(*timedConn)
	first := c.take()
	switch {
	case strings.HasSuffix(r.URL.Path, "/pay"):
		say(w, fmt.Sprintf(`{"result":"success","code":"00","transaction_id":"29%010d","total":%q,"reference":%q,"method":"WeChat"}`, p.paid.Add(1), form.Get("total"), form.Get("reference")))
		fmt.Printf("paid %d %d\n", first.UnixNano(), time.Now().UnixNano())
	case strings.HasSuffix(r.URL.Path, "/refund"):
		p.begins(form)
		time.Sleep(latency)
		p.ends()
		say(w, fmt.Sprintf(`{"result":"success","code":"00","transaction_id":"R%s","original_transaction_id":%q,"reference":%q}`, form.Get("reference"), form.Get("transaction_id"), form.Get("reference")))
	default:
		say(w, `{"result":"success","token":"0A1B2C3D"}`)
	}
}

func say(w http.ResponseWriter, answer string) {
	w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
	_, _ = io.WriteString(w, answer)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// begins notes a refund. It was asked for in the order of its payment's id.
func (p *slowPeer) begins(form url.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first.IsZero() {
		p.first = time.Now()
	}
	var place int
	_, _ = fmt.Sscanf(form.Get("transaction_id"), "28%d", &place)
	p.tally.Astray = max(p.tally.Astray, place-p.tally.Refunds, p.tally.Refunds-place)
	if p.seen[form.Get("reference")] {
		p.tally.Twice++
	}
	p.seen[form.Get("reference")] = true
	p.tally.Refunds++
	p.running++
	p.tally.AtOnce = max(p.tally.AtOnce, p.running)
}

func (p *slowPeer) ends() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.last = time.Now()
}

// drain measures what an outage leaves behind: so many refunds owed, sent when the line is back, while the
// counter goes on taking payments.
func drain(b *bench) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	caFile := filepath.Join(b.dir, "drain-ca.pem")
	bank, err := launch(self, "slow", caFile)
	if err != nil {
		return nil, err
	}
	defer bank.stop()
	at, err := bank.says("listening")
	if err != nil {
		return nil, err
	}
	control, err := bank.says("control")
	if err != nil {
		return nil, err
	}
	tells := func(verb string) (t tally, err error) {
		answer, err := http.Get("http://" + control + "/" + verb)
		if err != nil {
			return t, err
		}
		defer answer.Body.Close()
		return t, json.NewDecoder(answer.Body).Decode(&t)
	}
	least, err := launch(self, "drained", "https://"+at+"/posp/rest/", caFile, filepath.Join(b.dir, "drained.db"), fmt.Sprint(b.refunds))
	if err != nil {
		return nil, err
	}
	defer least.stop()
	if _, err := least.saysWithin("done", 10*time.Minute); err != nil {
		return nil, err
	}
	floor, err := tells("again")
	if err != nil {
		return nil, err
	}
	scan, port, err := b.scanner()
	if err != nil {
		return nil, err
	}
	r, err := b.newRegister("drain", "https://"+at+"/posp/rest/", caFile, port)
	if err != nil {
		return nil, err
	}
	if _, err := r.ages(b.refunds, b.refunds); err != nil {
		return nil, err
	}
	if _, err := r.start(b.posd); err != nil {
		return nil, err
	}
	defer r.stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := listen(ctx, r.base+"/v1/events", r.token, func(string) bool { return false }); err != nil { // a cashier's screen
		return nil, err
	}
	paid := 0
	pay := func() (time.Duration, error) {
		paid++
		return r.pays(bank, scan, paid)
	}
	var idle, during []time.Duration
	rest := func() error { // half before the drain and half after it: these machines are shared
		for i := range b.rounds/2 + 5 {
			took, err := pay()
			if err != nil {
				return err
			}
			if i >= 5 {
				idle = append(idle, took)
			}
		}
		return nil
	}
	if err := rest(); err != nil {
		return nil, err
	}
	if _, err := tells("down"); err != nil {
		return nil, err
	}
	if err := r.owes(b.refunds); err != nil {
		return nil, err
	}
	before := resident(r.cmd.Process.Pid)
	if _, err := tells("up"); err != nil {
		return nil, err
	}
	began := time.Now()
	spent, spentBank := processor(r.cmd.Process.Pid), processor(bank.cmd.Process.Pid)
	if err := r.call("POST", "/v1/queue/sync", "", map[string]any{}, nil); err != nil {
		return nil, err
	}
	limit := time.Duration(b.refunds) * latency / atOnce
	most := before
	var t tally
	for t, err = tells("tally"); err == nil && t.Refunds < b.refunds; t, err = tells("tally") {
		if time.Since(began) > 10*limit {
			return nil, fmt.Errorf("after %s %d refunds have come", time.Since(began).Round(time.Second), t.Refunds)
		}
		took, err := pay()
		if err != nil {
			return nil, err
		}
		if t.Refunds > 0 {
			during = append(during, took)
		}
		most = max(most, resident(r.cmd.Process.Pid))
	}
	if err != nil {
		return nil, err
	}
	spent, spentBank = processor(r.cmd.Process.Pid)-spent, processor(bank.cmd.Process.Pid)-spentBank
	time.Sleep(2 * latency)
	if t, err = tells("tally"); err != nil {
		return nil, err
	}
	left, err := r.waiting()
	after := resident(r.cmd.Process.Pid)
	if err == nil {
		err = rest()
	}
	switch {
	case err != nil:
		return nil, err
	case left != 0 || t.Twice != 0 || t.Refunds != b.refunds:
		return nil, fmt.Errorf("%d refunds came, %d of them twice, and %d still wait", t.Refunds, t.Twice, left)
	case len(during) < 5:
		return nil, errors.New("the drain was over before a payment was made")
	}
	whole := result{Name: fmt.Sprintf("drain of %d refunds", b.refunds), Floor: shown(limit), Ours: shown(t.Took), Ratio: float64(t.Took) / float64(limit), Target: 1.10,
		Note: fmt.Sprintf("the floor is what the acquirer permits: %s a refund, %d at a time; at most %d were under way, none came more than %d places out of its order, %d came twice; processor time of the register %s, of the acquirer's side %s",
			latency, atOnce, t.AtOnce, t.Astray, t.Twice, spent, spentBank)}
	mib := func(kb int) string { return fmt.Sprintf("%.1f MiB", float64(kb)/1024) }
	beside := result{Name: "the same, beside the smallest program that does it", Floor: shown(floor.Took), Ours: shown(t.Took), Ratio: float64(t.Took) / float64(floor.Took),
		Note: "the floor makes two rows durable around each call, in callers of its own, and keeps nothing"}
	memory := result{Name: "memory after the drain, before it", Floor: mib(before), Ours: mib(after), Ratio: float64(after) / float64(before), Target: 1.10,
		Note: "at most " + mib(most) + " while it lasted"}
	payment := compare("a payment during the drain, on an idle register", idle, during, 1.25)
	payment.Note = fmt.Sprintf("last scan byte to first acquirer byte, %d payments while refunds went", len(during))
	return []result{whole, beside, memory, payment}, nil
}

// pays takes a payment at the counter and returns how long it was from the last byte of the scan to the first at the
// acquirer.
func (r *register) pays(bank *process, scan func(string) (time.Time, error), n int) (time.Duration, error) {
	var sale struct{ ID string }
	if err := r.call("POST", "/v1/sales", fmt.Sprint("pay-", n), map[string]any{"amount": 200000 + n, "currency": "USD"}, &sale); err != nil {
		return 0, err
	}
	if err := r.call("POST", "/v1/sales/"+sale.ID+"/scan", "", map[string]any{}, nil); err != nil {
		return 0, err
	}
	time.Sleep(15 * time.Millisecond) // the shopper takes longer than this to show a code
	sent, err := scan(fmt.Sprintf("13%016d\r", n))
	if err != nil {
		return 0, err
	}
	first, _, err := paidTimes(bank)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, r.log.String())
	}
	return first.Sub(sent), nil
}

// owes asks for a refund of each of the first n sales, in their order.
func (r *register) owes(n int) error {
	for i := range n {
		err := r.call("POST", fmt.Sprintf("/v1/sales/s_%07d/refunds", i), fmt.Sprint("refund-", i), map[string]any{"amount": 500, "reason": "returned", "by": "mroy"}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// waiting is how much of the register's queue is left, once nothing moves any more.
func (r *register) waiting() (int, error) {
	var status struct{ Owed int }
	for end := time.Now().Add(5 * time.Second); ; {
		if err := r.call("GET", "/v1/status", "", nil, &status); err != nil || status.Owed == 0 || time.Now().After(end) {
			return status.Owed, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// processor is how much processor time a process has used.
func processor(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var user, system time.Duration
	_, _ = fmt.Sscan(fields[11], &user)
	_, _ = fmt.Sscan(fields[12], &system)
	return (user + system) * 10 * time.Millisecond // the kernel counts in hundredths of a second
}
