package cmd_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// How long the counter trades; scripts/soak asks for more.
var tradeFor = flag.Duration("trade", 10*time.Second, "how long the built register trades while things break")

// A counter trades while things break: lost answers, a line that goes, a scanner that is pulled, the plug of
// the register itself. Afterwards every payment and refund is where the acquirer's books have it.
func TestTrade(t *testing.T) {
	b := openBoutique(t, "--display", "nextion")
	r := openRegisterWith(t, b, "nextion")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	d := rand.New(rand.NewPCG(seed, 0))
	var sales []sale
	kills, n := 0, 0
	for end := time.Now().Add(*tradeFor); time.Now().Before(end); n++ {
		if n%10 == 9 {
			r.clear(t, b) // a register with twenty unfinished payments takes no new ones
		}
		s := r.open(t, int64(1000+n), fmt.Sprint("A-", n))
		sales = append(sales, s)
		switch d.IntN(8) {
		case 0:
			b.do(t, "decline")
		case 1:
			b.do(t, "lost-after")
		case 2:
			b.do(t, "lost-before")
		case 3:
			b.do(t, "password 2s")
		case 4:
			b.do(t, "line down")
		}
		if d.IntN(4) == 0 {
			r.asks(t, "/v1/sales/"+s.ID+"/present", map[string]any{})
			if d.IntN(2) == 0 {
				b.try(t, "shopper scans")
			}
		} else {
			code := wechat()
			r.codes = append(r.codes, code)
			r.asks(t, "/v1/sales/"+s.ID+"/scan", map[string]any{"code": code})
		}
		if d.IntN(4) == 0 {
			r.kill(t)
			kills++
			r.start(t)
		}
		b.do(t, "line up")
		switch old := sales[d.IntN(len(sales))]; d.IntN(5) {
		case 0:
			r.asks(t, "/v1/sales/"+s.ID+"/cancel", map[string]any{"by": "mroy"})
		case 1, 2:
			r.keyed(t, "/v1/sales/"+old.ID+"/refunds", fmt.Sprint("r-", n), map[string]any{"amount": 1 + d.Int64N(900), "reason": "returned", "by": "mroy"})
		}
		if d.IntN(20) == 0 {
			r.keyed(t, "/v1/days/current/close", fmt.Sprint("z-", n), map[string]any{"by": "jdoe"})
		}
	}
	r.settles(t, b, sales, n, kills)
}

// asks sends a command that the register may refuse: a cashier does not know either.
func (r *register) asks(t *testing.T, path string, body any) { r.keyed(t, path, "", body) }

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
			r.asks(t, "/v1/sales/"+i.Sale+"/cancel", map[string]any{"by": "mroy"})
		}
	}
	eventually(t, 4*time.Minute, "only a manager's items are left", func() bool {
		r.asks(t, "/v1/queue/sync", map[string]any{})
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

// settles compares all of it with the acquirer's books.
func (r *register) settles(t *testing.T, b *boutique, sales []sale, n, kills int) {
	t.Helper()
	books, ruled := r.clear(t, b)
	paid, back := 0, int64(0)
	for _, s := range sales {
		var now struct {
			sale
			Refunded int64
		}
		r.get(t, "/v1/sales/"+s.ID, &now)
		returned := int64(0)
		for _, a := range now.Attempts {
			p, took := books[a.Reference]
			if took != (a.State == "paid" || a.State == "ruled_paid") {
				t.Errorf("%s: the register says %s, the acquirer took the money: %v", a.Reference, a.State, took)
			}
			if took {
				paid++
				returned += p.Refunded
				delete(books, a.Reference)
			}
		}
		if now.Refunded != returned {
			t.Errorf("sale %s: the register gave %d back, the acquirer %d", s.ID, now.Refunded, returned)
		}
		back += returned
	}
	for reference := range books {
		t.Errorf("the acquirer took money for %s, which the register does not know", reference)
	}
	r.verifies(t)
	t.Logf("%d sales, %d paid, %d kills, %d given back, %d ruled", n, paid, kills, back, ruled)
}
