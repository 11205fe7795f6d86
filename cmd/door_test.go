package cmd_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Somebody knocks who is not of the house. Each is turned away with a problem, and nothing moves.
func TestTheDoor(t *testing.T) {
	r, b := counter(t)
	good := map[string]any{"amount": 12950, "currency": "USD", "ticket": "A-2000"}
	huge := `{"amount":100,"currency":"USD","note":"` + strings.Repeat("x", 10<<20) + `"}`
	open := func(change func(*request)) request {
		q := request{method: "POST", path: "/v1/sales", role: "cashier", key: "door", body: good}
		change(&q)
		return q
	}
	for name, c := range map[string]struct {
		q    request
		code int
		kind string
	}{
		"without a token":            {open(func(q *request) { q.role = "" }), 401, "unauthorized"},
		"without a token, reading":   {request{method: "GET", path: "/v1/status"}, 401, "unauthorized"},
		"without a token, listening": {request{method: "GET", path: "/v1/events"}, 401, "unauthorized"},
		"with the display's token":   {open(func(q *request) { q.role = "display" }), 403, "forbidden"},
		"a rebound name":             {open(func(q *request) { q.host = "boutique.example" }), 403, "bad_host"},
		"a rebound name, reading":    {request{method: "GET", path: "/v1/status", role: "cashier", host: "boutique.example"}, 403, "bad_host"},
		"the address of nobody":      {open(func(q *request) { q.host = "0.0.0.0" }), 403, "bad_host"},
		"another port":               {open(func(q *request) { q.host = "127.0.0.1:1" }), 403, "bad_host"},
		"a page of another site":     {open(func(q *request) { q.origin = "https://boutique.example" }), 403, "bad_origin"},
		"a page from a file":         {open(func(q *request) { q.origin = "null" }), 403, "bad_origin"},
		"ten million bytes":          {open(func(q *request) { q.body = huge }), 413, "too_large"},
		"a form":                     {open(func(q *request) { q.kind = "application/x-www-form-urlencoded" }), 415, "unsupported_media"},
		"plain text":                 {open(func(q *request) { q.kind = "text/plain" }), 415, "unsupported_media"},
		"no idempotency key":         {open(func(q *request) { q.key = "" }), 400, "idempotency_key_missing"},
		"half a body":                {open(func(q *request) { q.body = `{"amount":` }), 400, "bad_request"},
		"no amount":                  {open(func(q *request) { q.body = `{"currency":"USD"}` }), 400, "bad_request"},
		"an amount of nothing":       {open(func(q *request) { q.body = `{"amount":0,"currency":"USD"}` }), 400, "bad_request"},
		"an amount below nothing":    {open(func(q *request) { q.body = `{"amount":-5,"currency":"USD"}` }), 400, "bad_request"},
		"an amount with a point":     {open(func(q *request) { q.body = `{"amount":12.5,"currency":"USD"}` }), 400, "bad_request"},
		"an amount beyond all money": {open(func(q *request) { q.body = `{"amount":99999999999999999999,"currency":"USD"}` }), 400, "bad_request"},
		"a misspelt field":           {open(func(q *request) { q.body = `{"amount":100,"currency":"USD","tickett":"x"}` }), 400, "bad_request"},
		"a currency of nobody":       {open(func(q *request) { q.body = `{"amount":100,"currency":"XXQ"}` }), 400, "bad_request"},
		"a room that is not there":   {request{method: "GET", path: "/v1/vault", role: "manager"}, 404, "not_found"},
		"a sale that is not there":   {request{method: "GET", path: "/v1/sales/s_nothing", role: "manager"}, 404, "not_found"},
		"the wrong verb":             {request{method: "DELETE", path: "/v1/sales", role: "manager"}, 405, "method_not_allowed"},
		"a ruling on nothing":        {request{method: "POST", path: "/v1/attempts/none/ruling", role: "manager", body: map[string]any{"paid": true, "why": "x", "by": "x"}}, 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			code, text := r.call(t, c.q)
			var p problem
			err := json.Unmarshal(text, &p)
			if code != c.code || err != nil || p.Type != c.kind || p.Say == "" {
				t.Errorf("got %d %.300s, want %d %s with a sentence", code, text, c.code, c.kind)
			}
		})
	}
	var sales struct{ Items []sale }
	r.get(t, "/v1/sales", &sales)
	if len(sales.Items) != 0 {
		t.Errorf("somebody who was turned away opened %d sales", len(sales.Items))
	}
	if code, text := r.call(t, open(func(*request) {})); code != http.StatusCreated {
		t.Errorf("the house's own cashier: %d %s", code, text)
	}
	agree(t, r, b, 0, 0)
}

// The POS software asks twice because the first answer was lost, also across a restart: one sale.
func TestAskedTwice(t *testing.T) {
	r, _ := counter(t)
	first := r.open(t, 1234, "A-3000")
	if again := r.open(t, 1234, "A-3000"); again.ID != first.ID {
		t.Errorf("the same key and body opened %s and %s", first.ID, again.ID)
	}
	r.kill(t)
	r.start(t)
	if again := r.open(t, 1234, "A-3000"); again.ID != first.ID {
		t.Errorf("after a restart the same key and body opened %s and %s", first.ID, again.ID)
	}
	var p problem
	r.post(t, http.StatusConflict, request{path: "/v1/sales", key: "open-A-3000", role: "cashier",
		body: map[string]any{"amount": 99, "currency": "USD"}}, &p)
	if p.Type != "idempotency_mismatch" {
		t.Errorf("another body under the same key: %+v", p)
	}
}
