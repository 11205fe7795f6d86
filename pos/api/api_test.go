package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posd/pos/api"
)

const code = "134567890123456789"

// A sale is opened, a code is submitted, and two screens hear the same end of it: paid, in the words of
// each reader, under the journal's number.
func TestPaidIsHeardByEveryScreen(t *testing.T) {
	r := open(t)
	en, zh := r.listen(), r.listen("Accept-Language", "zh-CN")
	if h := en.next(); h.kind != "snapshot" || h.id != "" || !strings.Contains(h.data, `"register":"NYC5AV-03"`) {
		t.Errorf("a stream begins with %+v", h)
	}
	id := r.sell(12950, "k-1")
	status, body := r.call("POST", "/v1/sales/"+id+"/scan", map[string]string{"code": code})
	if status != 202 || strings.Contains(body, code) {
		t.Errorf("%d %s", status, body)
	}
	a, b := en.until(saleIs("paid")), zh.until(saleIs("paid"))
	if a.id == "" || a.id != b.id {
		t.Errorf("the two screens disagree: %s, %s", a.id, b.id)
	}
	var sale, other api.Sale
	if json.Unmarshal([]byte(a.data), &sale) != nil || json.Unmarshal([]byte(b.data), &other) != nil {
		t.Fatal(a.data, b.data)
	}
	if sale.Say == other.Say || other.Say == "" {
		t.Errorf("both readers are told %q", sale.Say)
	}
	if len(sale.Attempts) != 1 || sale.Attempts[0].Code != "****6789" || sale.Attempts[0].Paid == nil || sale.Attempts[0].Paid.Amount != 12950 {
		t.Errorf("the sale says %+v", sale.Attempts)
	}
	day, text := r.call("GET", "/v1/days/current?format=text", nil)
	if day != 200 || !strings.Contains(text, "129.50") {
		t.Errorf("the day: %d\n%s", day, text)
	}
	if strings.Contains(r.log.String(), code) {
		t.Error("the payment code stands in the log")
	}
}

// A stream that broke goes on where it stopped, with what was missed; nothing is heard before its commit.
func TestStreamResumes(t *testing.T) {
	r := open(t)
	e := r.listen()
	first := r.sell(100, "k-1")
	h := e.until(saleIs("open"))
	_ = e.body.Close()
	r.call("POST", "/v1/sales/"+first+"/cancel", map[string]string{"by": "mroy"})
	e = r.listen("Last-Event-ID", h.id)
	if got := e.next(); got.kind != "snapshot" {
		t.Errorf("begins with %s", got.kind)
	}
	if got := e.next(); got.kind != "sale" || !strings.Contains(got.data, `"status":"cancelled"`) || !strings.Contains(got.data, first) {
		t.Errorf("missed: %+v", got)
	}
	if status, _ := r.call("GET", "/v1/events", nil, "Last-Event-ID", "yesterday"); status != 400 {
		t.Errorf("a wrong id is answered with %d", status)
	}
}

// One key is one sale: the answer is the same to the letter, also after a restart. Another body under
// the key is refused.
func TestIdempotencyKey(t *testing.T) {
	dir := t.TempDir()
	var first string
	t.Run("before", func(t *testing.T) {
		r := openIn(t, dir)
		body := map[string]any{"amount": 100, "currency": "USD", "ticket": "A-1"}
		status, text := r.call("POST", "/v1/sales", body, "Idempotency-Key", "k-1")
		if status != 201 {
			t.Fatal(status, text)
		}
		first = text
		if status, again := r.call("POST", "/v1/sales", body, "Idempotency-Key", "k-1"); status != 201 || again != text {
			t.Errorf("%d\n%s\n%s", status, text, again)
		}
		// White space and the order of fields are no other request.
		if status, again := r.call("POST", "/v1/sales", `{ "ticket":"A-1", "currency":"USD","amount":100 }`, "Idempotency-Key", "k-1"); status != 201 || again != text {
			t.Errorf("%d %s", status, again)
		}
		body["amount"] = 200
		if status, text := r.call("POST", "/v1/sales", body, "Idempotency-Key", "k-1"); status != 409 || !strings.Contains(text, "idempotency_mismatch") {
			t.Errorf("%d %s", status, text)
		}
	})
	t.Run("after a restart", func(t *testing.T) {
		r := openIn(t, dir)
		if status, again := r.call("POST", "/v1/sales", map[string]any{"amount": 100, "currency": "USD", "ticket": "A-1"}, "Idempotency-Key", "k-1"); status != 201 || again != first {
			t.Errorf("%d\n%s\n%s", status, first, again)
		}
	})
}

// What a cashier, a program or a stranger does wrong gets a problem with a sentence; nothing is charged,
// and nothing that was sent comes back.
func TestProblems(t *testing.T) {
	r := open(t)
	id := r.sell(100, "k-1")
	for name, c := range map[string]struct {
		method, path string
		body         any
		headers      []string
		status       int
		kind         string
	}{
		"no key":                    {"POST", "/v1/sales", map[string]any{"amount": 1, "currency": "USD"}, nil, 400, "idempotency_key_missing"},
		"a key too long":            {"POST", "/v1/sales", map[string]any{"amount": 1, "currency": "USD"}, []string{"Idempotency-Key", strings.Repeat("k", 65)}, 400, "idempotency_key_missing"},
		"no amount":                 {"POST", "/v1/sales", map[string]any{"currency": "USD"}, []string{"Idempotency-Key", "p"}, 400, "bad_request"},
		"another currency":          {"POST", "/v1/sales", map[string]any{"amount": 1, "currency": "CAD"}, []string{"Idempotency-Key", "p"}, 400, "bad_request"},
		"a field nobody knows":      {"POST", "/v1/sales", map[string]any{"amount": 1, "currency": "USD", "code": code}, []string{"Idempotency-Key", "p"}, 400, "bad_request"},
		"an amount in words":        {"POST", "/v1/sales", map[string]any{"amount": code, "currency": "USD"}, []string{"Idempotency-Key", "p"}, 400, "bad_request"},
		"half a body":               {"POST", "/v1/sales", `{"amount":1,`, []string{"Idempotency-Key", "p"}, 400, "bad_request"},
		"two bodies":                {"POST", "/v1/sales", `{"amount":1,"currency":"USD"}{}`, []string{"Idempotency-Key", "p"}, 400, "bad_request"},
		"a form":                    {"POST", "/v1/sales", "amount=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media"},
		"ten megabytes":             {"POST", "/v1/sales", `{"note":"` + strings.Repeat("x", 10<<20) + `"}`, []string{"Idempotency-Key", "p"}, 413, "too_large"},
		"a price tag":               {"POST", "/v1/sales/" + id + "/scan", map[string]string{"code": "4006381333931"}, nil, 422, "not_a_payment_code"},
		"no such sale":              {"GET", "/v1/sales/s_none", nil, nil, 404, "not_found"},
		"no such route":             {"GET", "/v1/nothing", nil, nil, 404, "not_found"},
		"the wrong method":          {"DELETE", "/v1/sales", nil, nil, 405, "method_not_allowed"},
		"a ruling nobody asked for": {"POST", "/v1/attempts/none/ruling", map[string]any{"paid": true, "why": "x", "by": "y"}, nil, 404, "not_found"},
		"a ruling without a word":   {"POST", "/v1/attempts/none/ruling", map[string]any{"why": "x", "by": "y"}, nil, 400, "bad_request"},
		"a page too long":           {"GET", "/v1/sales?limit=201", nil, nil, 400, "bad_request"},
		"no such day":               {"GET", "/v1/days/2001-01-01", nil, nil, 404, "not_found"},
		"a day of no kind":          {"GET", "/v1/days/current?format=papyrus", nil, nil, 501, "unsupported"},
		"no token":                  {"GET", "/v1/status", nil, []string{"Authorization", ""}, 401, "unauthorized"},
		"a wrong token":             {"GET", "/v1/status", nil, []string{"Authorization", "Bearer " + code}, 401, "unauthorized"},
		"a display that sells":      {"POST", "/v1/sales", map[string]any{"amount": 1}, []string{"Authorization", "Bearer " + r.tokens[api.RoleDisplay]}, 403, "forbidden"},
		"a foreign origin":          {"GET", "/v1/status", nil, []string{"Origin", "https://evil.example"}, 403, "bad_origin"},
		"a foreign site":            {"GET", "/v1/status", nil, []string{"Sec-Fetch-Site", "cross-site"}, 403, "bad_origin"},
	} {
		status, body := r.call(c.method, c.path, c.body, c.headers...)
		var p api.Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || status != c.status || p.Type != c.kind || p.Say == "" || p.Trace == "" || p.Sent {
			t.Errorf("%s: %d %s; want %d %s", name, status, body, c.status, c.kind)
		}
		if strings.Contains(body, code) {
			t.Errorf("%s: what was sent comes back", name)
		}
	}
	if strings.Contains(r.log.String(), code) {
		t.Error("what was sent stands in the log")
	}
	if n := len(r.box.Ledger()); n != 0 {
		t.Errorf("%d charges", n)
	}
}

// A rebound name reaches our port, but not our answers.
func TestReboundHost(t *testing.T) {
	r := open(t)
	for _, host := range []string{"evil.example", "0.0.0.0", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+"/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if !strings.Contains(host, ":") && host != "127.0.0.1" {
			req.Host += r.base[strings.LastIndexByte(r.base, ':'):]
		}
		req.Header.Set("Authorization", "Bearer "+r.tokens[api.RoleCashier])
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 403 {
			t.Errorf("Host %s: %d", req.Host, resp.StatusCode)
		}
	}
}

// A page is opened with a code that works once; its cookie holds over a restart, and a cashier cannot
// make a manager's page.
func TestPageCode(t *testing.T) {
	dir := t.TempDir()
	cookie := ""
	t.Run("opened", func(t *testing.T) {
		r := openIn(t, dir)
		if status, body := r.call("POST", "/v1/session-code", map[string]string{"role": "manager"}); status != 403 {
			t.Errorf("%d %s", status, body)
		}
		status, body := r.call("POST", "/v1/session-code", map[string]string{"role": "cashier"})
		var c api.PageCode
		if err := json.Unmarshal([]byte(body), &c); err != nil || status != 201 || c.Code == "" {
			t.Fatalf("%d %s", status, body)
		}
		for i, want := range []int{200, 401} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/session", strings.NewReader(`{"code":"`+c.Code+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("use %d of the code: %d", i+1, resp.StatusCode)
			}
			for _, k := range resp.Cookies() {
				if !k.HttpOnly || k.SameSite != http.SameSiteStrictMode {
					t.Errorf("cookie %+v", k)
				}
				cookie = k.Name + "=" + k.Value
			}
		}
	})
	t.Run("after a restart", func(t *testing.T) {
		r := openIn(t, dir)
		if status, body := r.call("GET", "/v1/status", nil, "Authorization", "", "Cookie", cookie); status != 200 {
			t.Errorf("%d %s", status, body)
		}
		forged := strings.Replace(cookie, "cashier", "manager", 1)
		if status, _ := r.call("GET", "/v1/status", nil, "Authorization", "", "Cookie", forged); status != 401 {
			t.Errorf("a forged cookie: %d", status)
		}
	})
}

// Tokens are made once, for the group alone; a file that everyone may read is refused.
func TestTokens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	first, err := api.OpenTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := api.OpenTokens(dir)
	if err != nil || again[api.RoleManager] != first[api.RoleManager] || first[api.RoleManager] == first[api.RoleCashier] || len(first[api.RoleManager]) != 43 {
		t.Errorf("%v", err)
	}
	path := filepath.Join(dir, api.RoleManager)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenTokens(dir); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a token that everyone may read: %v", err)
	}
}

// Health needs no token and tells nothing; metrics and the description need one.
func TestPlainRoutes(t *testing.T) {
	r := open(t)
	for path, want := range map[string][2]int{"/healthz": {200, 200}, "/readyz": {200, 200}, "/metrics": {401, 200}, "/openapi.json": {401, 200}, "/docs": {401, 200}} {
		if status, _ := r.call("GET", path, nil, "Authorization", ""); status != want[0] {
			t.Errorf("%s without a token: %d", path, status)
		}
		if status, body := r.call("GET", path, nil); status != want[1] || strings.Contains(body, "https://unpkg") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	_, doc := r.call("GET", "/openapi.json", nil)
	for _, part := range []string{"/v1/sales/{id}/scan", "/v1/attempts/{id}/ruling", "/v1/queue/sync", `"$ref":"#/components/schemas/Sale"`, `"confirm_double"`, `"deadline"`} {
		if !strings.Contains(doc, part) {
			t.Errorf("the description lacks %s", part)
		}
	}
}

// The shopper's screen may open itself again with its own token, and nothing else: not another role's page,
// not a sale.
func TestTheDisplayOpensItselfAgain(t *testing.T) {
	r := open(t)
	mine := []string{"Authorization", "Bearer " + r.tokens[api.RoleDisplay]}
	for _, c := range []struct {
		path string
		body map[string]any
		want int
	}{
		{"/v1/session-code", map[string]any{"role": "display"}, 201},
		{"/v1/session-code", map[string]any{}, 201},
		{"/v1/session-code", map[string]any{"role": "manager"}, 403},
		{"/v1/session-code", map[string]any{"role": "cashier"}, 403},
		{"/v1/sales", map[string]any{"amount": 100, "currency": "USD"}, 403},
		{"/v1/queue/sync", map[string]any{}, 403},
	} {
		if status, body := r.call("POST", c.path, c.body, append([]string{"Idempotency-Key", "k"}, mine...)...); status != c.want {
			t.Errorf("%s %v: %d %s, want %d", c.path, c.body, status, body, c.want)
		}
	}
}
