package cmd_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// How often the plug is pulled; scripts/soak asks for more.
var (
	killRounds = flag.Int("kills", 20, "how often the trading register is killed")
	tradeFor   = flag.Duration("trade", 0, "go on killing it for so long, however often that is")
)

// Cashiers trade while things break: answers are lost, the line refuses, and at any moment the plug of the
// register is pulled. Afterwards everything it ever answered is so, and its ledger and the acquirer's agree
// line by line: nothing is lost, nothing was taken or given back twice.
func TestTrade(t *testing.T) {
	b := openBoutique(t, "--display", "nextion")
	r := openRegisterWith(t, b, "nextion")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	d := rand.New(rand.NewPCG(seed, 0))
	ctx, stop := context.WithCancel(t.Context())
	var team sync.WaitGroup
	var gate sync.RWMutex // held by whoever clears the queue: nobody trades meanwhile
	cashiers := make([]*cashier, 3)
	for i := range cashiers {
		c := &cashier{r: r, token: r.token(t, "manager"), n: i, d: rand.New(rand.NewPCG(seed, uint64(i)+1)), opened: map[string]int64{}, paid: map[string]bool{}, back: map[string]refund{}}
		cashiers[i] = c
		team.Go(func() {
			for ctx.Err() == nil {
				gate.RLock()
				c.serves(ctx)
				gate.RUnlock()
			}
		})
	}
	defer team.Wait()
	defer stop()
	kills, dark := 0, 0
	for end := time.Now().Add(*tradeFor); kills < *killRounds || time.Now().Before(end); {
		for range 2 + d.IntN(4) { // mostly slow: the plug is to be pulled while a charge is on its way
			b.do(t, "%s", []string{"slow 400ms", "slow 400ms", "slow 400ms", "slow 100ms", "lost-after", "decline", "password 1s", "lost-before"}[d.IntN(8)])
		}
		if d.IntN(2) == 0 {
			b.try(t, "shopper scans") // off the panel, if a QR is on it
		}
		refused := d.IntN(3) == 0
		if refused {
			b.do(t, "line down")
			dark++
		}
		<-time.After(time.Duration(d.IntN(500)) * time.Millisecond) // at any moment of what the cashiers do
		r.kill(t)
		kills++
		if d.IntN(2) == 0 {
			b.do(t, "line up")
		}
		r.start(t)
		b.do(t, "line up")
		if kills%20 == 0 {
			gate.Lock()
			r.clear(t, b)
			r.keyed(t, "/v1/days/current/close", fmt.Sprint("z-", kills), map[string]any{"by": "jdoe"})
			gate.Unlock()
		}
	}
	stop()
	team.Wait()
	books, ruled := r.clear(t, b)
	mine := r.ledger(t)
	refunds := 0
	for _, c := range cashiers {
		c.wasToldTheTruth(t, mine)
		refunds += len(c.back)
	}
	paid := agrees(t, mine, books)
	r.verifies(t)
	t.Logf("%d ruled by a manager with the acquirer's books", ruled)
	if !t.Failed() {
		t.Logf("| kill -9 at any moment, three cashiers trading | %d kills, %d of them with the line refused; %d sales, %d paid, %d refunds | nothing |", kills, dark, len(mine), paid, refunds)
	}
}

// cashier is one client of the local API, and what the register has answered it.
type cashier struct {
	r      *register
	token  string
	n      int
	d      *rand.Rand
	count  int
	opened map[string]int64  // sale: amount
	paid   map[string]bool   // sales that were said to be paid
	back   map[string]refund // refunds that were taken on, by id
	wrong  []string
}

// serves sells once: a code or a QR, sometimes given up, sometimes something given back.
func (c *cashier) serves(ctx context.Context) {
	c.count++
	amount := int64(1000*(c.n+1)) + int64(c.count)*10_000
	var s sale
	if c.insists(ctx, "/v1/sales", fmt.Sprintf("open-%d-%d", c.n, c.count), map[string]any{"amount": amount, "currency": "USD", "ticket": fmt.Sprintf("T-%d-%d", c.n, c.count)}, &s) != http.StatusCreated {
		return
	}
	c.opened[s.ID] = amount
	if c.d.IntN(5) == 0 {
		c.asks(ctx, "/v1/sales/"+s.ID+"/present", map[string]any{})
	} else {
		c.asks(ctx, "/v1/sales/"+s.ID+"/scan", map[string]any{"code": wechat()})
	}
	for range c.d.IntN(4) {
		if c.looks(ctx, s.ID); c.paid[s.ID] || !pause(ctx, time.Duration(c.d.IntN(60))*time.Millisecond) {
			break
		}
	}
	if c.d.IntN(5) == 0 {
		c.asks(ctx, "/v1/sales/"+s.ID+"/cancel", map[string]any{"by": "mroy"})
	}
	for id := range c.paid { // some sale of before
		if c.d.IntN(3) > 0 {
			break
		}
		key, body := fmt.Sprintf("back-%d-%d", c.n, c.count), map[string]any{"amount": 1 + c.d.Int64N(900), "reason": "returned", "by": "mroy"}
		var f, again refund
		if c.insists(ctx, "/v1/sales/"+id+"/refunds", key, body, &f) == http.StatusAccepted {
			c.back[f.ID] = f
			if c.d.IntN(3) == 0 && c.insists(ctx, "/v1/sales/"+id+"/refunds", key, body, &again) == http.StatusAccepted && again.ID != f.ID {
				c.wrong = append(c.wrong, fmt.Sprintf("the key %s made two refunds, %s and %s", key, f.ID, again.ID))
			}
		}
		break
	}
}

// insists repeats a keyed command until the register answers, as a POS must that got none.
func (c *cashier) insists(ctx context.Context, path, key string, body, into any) int {
	for {
		code, text, err := c.r.send(ctx, request{method: "POST", path: path, key: key, body: body}, c.token)
		switch {
		case err == nil && code < 300:
			if err := json.Unmarshal(text, into); err != nil {
				c.wrong = append(c.wrong, path+": "+err.Error())
			}
			return code
		case err == nil:
			c.understands(path, code, text)
			return code
		case !pause(ctx, 30*time.Millisecond):
			return 0
		}
	}
}

// asks sends a command that may be refused, or meet nobody: a cashier does not know either.
func (c *cashier) asks(ctx context.Context, path string, body any) {
	if code, text, err := c.r.send(ctx, request{method: "POST", path: path, body: body}, c.token); err == nil {
		c.understands(path, code, text)
	}
}

func (c *cashier) understands(path string, code int, text []byte) {
	switch code {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable:
	default:
		c.wrong = append(c.wrong, fmt.Sprintf("POST %s: %d %s", path, code, text))
	}
}

// looks remembers that a sale was said to be paid.
func (c *cashier) looks(ctx context.Context, id string) {
	var s sale
	code, text, err := c.r.send(ctx, request{method: "GET", path: "/v1/sales/" + id}, c.token)
	if err == nil && code == http.StatusOK && json.Unmarshal(text, &s) == nil && s.Status == "paid" {
		c.paid[id] = true
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// wasToldTheTruth holds what the register answered before it was killed against what it knows now.
func (c *cashier) wasToldTheTruth(t *testing.T, now map[string]listed) {
	t.Helper()
	for _, wrong := range c.wrong {
		t.Error(wrong)
	}
	back := map[string]int64{}
	for id, amount := range c.opened {
		if s, there := now[id]; !there || s.Charged != amount {
			t.Errorf("sale %s of %d was acknowledged; now it is %+v", id, amount, s)
		}
	}
	for id := range c.paid {
		if now[id].Status != "paid" {
			t.Errorf("sale %s was said to be paid; now it is %s", id, now[id].Status)
		}
	}
	for id, f := range c.back {
		var is refund
		c.r.get(t, "/v1/refunds/"+id, &is)
		if is.ID != id || is.Amount != f.Amount {
			t.Errorf("refund %+v was acknowledged; now it is %+v", f, is)
		}
		back[is.Status]++
	}
	t.Logf("cashier %d: %d sales, %d seen paid, refunds %v", c.n, len(c.opened), len(c.paid), back)
}

// listed is a sale as the register lists it.
type listed struct {
	sale
	Refunded int64 `json:"refunded"`
}

// ledger is every sale that the register knows.
func (r *register) ledger(t *testing.T) map[string]listed {
	t.Helper()
	all := map[string]listed{}
	for after := ""; ; {
		var page struct {
			Items []listed
			Next  string
		}
		r.get(t, "/v1/sales?limit=200&after="+after, &page)
		for _, s := range page.Items {
			all[s.ID] = s
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

// agrees holds the two ledgers against each other, line by line, and counts what was paid.
func agrees(t *testing.T, mine map[string]listed, books map[string]posted) (paid int) {
	t.Helper()
	known := map[string]bool{}
	for id, s := range mine {
		returned, times := int64(0), 0
		for _, a := range s.Attempts {
			p, took := books[a.Reference]
			known[a.Reference] = true
			if took != (a.State == "paid" || a.State == "ruled_paid") || took && p.Amount != s.Charged {
				t.Errorf("%s: the register says %s of %d; the acquirer took the money: %v, %d", a.Reference, a.State, s.Charged, took, p.Amount)
			}
			if took {
				paid++
				times++
				returned += p.Refunded
			}
		}
		if times > 1 {
			t.Errorf("sale %s was taken %d times", id, times)
		}
		if s.Refunded != returned {
			t.Errorf("sale %s: the register gave %d back, the acquirer %d", id, s.Refunded, returned)
		}
	}
	for reference, p := range books {
		if !known[reference] {
			t.Errorf("the acquirer took %d for %s, which the register does not know", p.Amount, reference)
		}
	}
	return paid
}

// keyed sends a command that the register may refuse.
func (r *register) keyed(t *testing.T, path, key string, body any) {
	t.Helper()
	code, text := r.call(t, request{method: "POST", path: path, role: "manager", key: key, body: body})
	switch code {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable:
	default:
		t.Errorf("POST %s: %d %s", path, code, text)
	}
}

// clear waits until nothing moves by itself any more, and lets a manager with the acquirer's books rule on
// the rest. It returns what was paid, by reference, and how many rulings there were.
func (r *register) clear(t *testing.T, b *boutique) (books map[string]posted, ruled int) {
	t.Helper()
	var queue struct {
		Items []struct{ Kind, ID, Sale, Who string }
	}
	r.get(t, "/v1/queue", &queue)
	for _, i := range queue.Items {
		if i.Kind == "attempt" { // sooner than the till's own patience
			r.keyed(t, "/v1/sales/"+i.Sale+"/cancel", "", map[string]any{"by": "mroy"})
		}
	}
	eventually(t, 4*time.Minute, "only a manager's items are left", func() bool {
		r.keyed(t, "/v1/queue/sync", "", map[string]any{})
		r.get(t, "/v1/queue", &queue)
		for _, i := range queue.Items {
			if i.Who != "manager" {
				return false
			}
		}
		return true
	})
	books = map[string]posted{}
	for _, p := range b.do(t, "ledger").Ledger {
		if p.State != "paid" {
			continue
		}
		if _, twice := books[p.Reference]; twice {
			t.Errorf("%s was charged twice", p.Reference)
		}
		books[p.Reference] = p
	}
	for _, i := range queue.Items {
		_, paid := books[i.ID]
		path, body := "/v1/attempts/"+i.ID+"/ruling", map[string]any{"paid": paid, "why": "the portal says so", "by": "jdoe"}
		if i.Kind == "refund" { // killed before the request had gone out: the books know no such refund
			path, body = "/v1/refunds/"+i.ID+"/ruling", map[string]any{"done": false, "why": "the portal says so", "by": "jdoe"}
		}
		r.post(t, http.StatusOK, request{path: path, body: body}, nil)
	}
	return books, len(queue.Items)
}
