package cmd_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A program on the register that speaks HTTP its own way, or no HTTP at all, knocks at the door. Nothing moves,
// and what is answered tells nothing. The code is what the answer must begin with; 0 is no answer at all. In what
// is written, HOST is the register's address, TOKEN the cashier's, SALE an open sale.
func TestStrangersAtTheSocket(t *testing.T) {
	r, b := counter(t)
	s := r.open(t, 7700, "A-7700")
	host := strings.TrimPrefix(r.base, "http://")
	fill := strings.NewReplacer("HOST", host, "PORT", host[strings.LastIndex(host, ":")+1:], "TOKEN", r.token(t, "cashier"), "SALE", s.ID)
	const body = `{"amount":666,"currency":"USD"}`
	sale := func(headers string) string {
		return "POST /v1/sales HTTP/1.1\nHost: HOST\nContent-Type: application/json\nIdempotency-Key: x\nContent-Length: " + strconv.Itoa(len(body)) + "\n" + headers + "\n" + body
	}
	get := func(headers string) string { return "GET /v1/status HTTP/1.1\n" + headers + "\n" }
	before, tried := r.rows(t), 0
	for name, c := range map[string]struct {
		says  string
		codes string
	}{
		"no Host":                                {get("Authorization: Bearer TOKEN\n"), "400"},
		"two Hosts":                              {get("Host: HOST\nHost: evil.example\nAuthorization: Bearer TOKEN\n"), "400"},
		"the address of nobody":                  {get("Host: 0.0.0.0:PORT\nAuthorization: Bearer TOKEN\n"), "403"},
		"another loopback address":               {get("Host: 127.0.0.2:PORT\nAuthorization: Bearer TOKEN\n"), "403"},
		"a rebound name":                         {get("Host: boutique.example:PORT\nAuthorization: Bearer TOKEN\n"), "403"},
		"our name without its port":              {get("Host: 127.0.0.1\nAuthorization: Bearer TOKEN\n"), "403"},
		"our name before another":                {get("Host: 127.0.0.1.evil.example:PORT\nAuthorization: Bearer TOKEN\n"), "403"},
		"our name before an at":                  {get("Host: HOST@evil.example\nAuthorization: Bearer TOKEN\n"), "40"},
		"a forwarded name":                       {get("Host: evil.example\nX-Forwarded-Host: HOST\nForwarded: host=HOST\nAuthorization: Bearer TOKEN\n"), "403"},
		"another host in the address":            {"GET http://evil.example/v1/status HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\n\n", "403"},
		"a token in the address":                 {"GET /v1/status?token=TOKEN&access_token=TOKEN HTTP/1.1\nHost: HOST\n\n", "401"},
		"a token of another scheme":              {get("Host: HOST\nAuthorization: Basic TOKEN\n"), "401"},
		"half a token":                           {get("Host: HOST\nAuthorization: Bearer TO\n"), "401"},
		"a cookie of its own making":             {get("Host: HOST\nCookie: posd=manager.9999999999.x.y\n"), "401"},
		"a cookie of nothing":                    {get("Host: HOST\nCookie: posd=.\n"), "401"},
		"from another site":                      {get("Host: HOST\nSec-Fetch-Site: cross-site\nAuthorization: Bearer TOKEN\n"), "403"},
		"from another port":                      {get("Host: HOST\nSec-Fetch-Site: same-site\nAuthorization: Bearer TOKEN\n"), "403"},
		"from another origin":                    {sale("Origin: http://evil.example\nAuthorization: Bearer TOKEN\n"), "403"},
		"from nowhere":                           {sale("Origin: null\nAuthorization: Bearer TOKEN\n"), "403"},
		"asking whether it may":                  {"OPTIONS /v1/sales HTTP/1.1\nHost: HOST\nOrigin: http://evil.example\nAccess-Control-Request-Method: POST\n\n", "403"},
		"asking to be a proxy":                   {"CONNECT HOST HTTP/1.1\nHost: HOST\n\n", "40"},
		"asking for an echo":                     {"TRACE /v1/status HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\n\n", "405"},
		"asking for a socket":                    {get("Host: HOST\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: eA==\n"), "401"},
		"a POST without a token":                 {sale(""), "401"},
		"a POST in another verb's name":          {"GET /v1/sales/SALE/cancel HTTP/1.1\nHost: HOST\nX-HTTP-Method-Override: POST\nAuthorization: Bearer TOKEN\n\n", "40"},
		"a change by HEAD":                       {"HEAD /v1/queue/sync HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\n\n", "40"},
		"a header without end":                   {"GET /v1/status HTTP/1.1\nHost: HOST\nX: " + strings.Repeat("x", 64<<10) + "\n\n", "431"},
		"ten thousand headers":                   {get("Host: HOST\n" + strings.Repeat("X: y\n", 10_000)), "431"},
		"an address without end":                 {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\nHost: HOST\n\n", "431"},
		"a token without end":                    {get("Host: HOST\nAuthorization: Bearer " + strings.Repeat("x", 1<<20) + "\n"), "431"},
		"a body that is too long":                {"POST /v1/sales HTTP/1.1\nHost: HOST\nContent-Type: application/json\nAuthorization: Bearer TOKEN\nContent-Length: 99999999\n\n", "413"},
		"a body of less than nothing":            {"POST /v1/sales HTTP/1.1\nHost: HOST\nContent-Length: -1\n\n", "400"},
		"a body of two lengths":                  {"POST /v1/sales HTTP/1.1\nHost: HOST\nContent-Length: 3\nContent-Length: 4\n\nabcd", "400"},
		"a body in pieces that are none":         {"POST /v1/sales HTTP/1.1\nHost: HOST\nContent-Type: application/json\nIdempotency-Key: x\nAuthorization: Bearer TOKEN\nTransfer-Encoding: chunked\n\nzz\n{}\n0\n\n", "400"},
		"a body in pieces without end":           {"POST /v1/sales HTTP/1.1\nHost: HOST\nContent-Type: application/json\nIdempotency-Key: x\nAuthorization: Bearer TOKEN\nTransfer-Encoding: chunked\n\n" + strings.Repeat("ffff\n"+strings.Repeat(" ", 0xffff)+"\n", 4) + "0\n\n", "413"},
		"a body of another coding":               {"POST /v1/sales HTTP/1.1\nHost: HOST\nTransfer-Encoding: gzip, chunked\n\n0\n\n", "501"},
		"a question hidden in a body":            {sale("X: y\n") + sale("Authorization: Bearer TO\n"), "401"},
		"a request in a header":                  {get("Host: HOST\nX: y\r\r\nAuthorization: Bearer TOKEN\n"), "400"},
		"the folder of tokens":                   {"GET /../../tokens/manager HTTP/1.1\nHost: HOST\n\n", "307"},
		"the folder of tokens, in other letters": {"GET /%2e%2e/%2e%2e/tokens/manager HTTP/1.1\nHost: HOST\n\n", "40"},
		"version 2":                              {"PRI * HTTP/2.0\n\nSM\n\n", "403"},
		"version 0.9":                            {"GET /v1/status\n", "400"},
		"version 9":                              {"GET /v1/status HTTP/9.9\nHost: HOST\n\n", "505"},
		"TLS":                                    {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("\x00", 160) + "\n\n", "400"},
		"noise":                                  {strings.Repeat("\x00\xff\x0d\x0a", 100), "400"},
	} {
		tried++
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(fill.Replace(c.says), "\n", "\r\n")
			answer := knock(t, host, text)
			code := ""
			if f := strings.Fields(answer); len(f) > 1 {
				code = f[1]
			}
			if !strings.HasPrefix(code, c.codes) {
				t.Errorf("answered %.200q, want %s", answer, c.codes)
			}
			for _, secret := range []string{"A-7700", s.ID, "\"items\"", "NYC5AV", r.token(t, "cashier"), r.token(t, "manager"), "Access-Control-Allow"} {
				if strings.Contains(answer, secret) {
					t.Errorf("the answer says %q: %.400q", secret, answer)
				}
			}
		})
	}
	after := r.rows(t)
	if after != before {
		t.Errorf("the journal grew from %d to %d rows", before, after)
	}
	t.Logf("tried %d, lost %d", tried, after-before)
	if got := r.sale(t, s.ID); got.Status != "open" {
		t.Errorf("the sale is %s", got.Status)
	}
	agree(t, r, b, 0, 0)
}

// knock writes to the register's port and reads what comes until the end, a while at most.
func knock(t *testing.T, host, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(soon))
	go func() { _, _ = io.WriteString(c, text) }() // it may be refused in the middle
	var head strings.Builder
	verb, _, _ := strings.Cut(text, " ") // the answer to HEAD has no body
	answer, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c, &head)), &http.Request{Method: verb})
	if err == nil {
		_, _ = io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	}
	return head.String()
}

// rows is how long the journal is.
func (r *register) rows(t *testing.T) (n int) {
	t.Helper()
	_, text := r.call(t, request{method: "GET", path: "/metrics", role: "manager"})
	_, rest, ok := strings.Cut(string(text), "posd_journal_rows ")
	if !ok {
		t.Fatalf("no journal rows in %s", text)
	}
	_, _ = fmt.Sscan(rest, &n)
	return n
}

// Somebody keeps the door busy: connections that say nothing, headers and bodies that come a byte at a time, and
// questions without a pause. The cashier's page and the POS software come in all the same, and a sale is paid.
func TestTheDoorIsNeverFull(t *testing.T) {
	r, b := counter(t)
	host := strings.TrimPrefix(r.base, "http://")
	token := r.token(t, "cashier")
	stop := make(chan struct{})
	defer close(stop)
	held := 0
	hold := func(n int, says string, drips bool) {
		t.Helper()
		held += n
		for range n {
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if _, err := io.WriteString(c, says); err != nil {
				continue // it was shown out again
			}
			if drips {
				go func() {
					tick := time.NewTicker(time.Second)
					defer tick.Stop()
					for {
						select {
						case <-stop:
							return
						case <-tick.C:
							if _, err := io.WriteString(c, "x"); err != nil {
								return
							}
						}
					}
				}()
			}
		}
	}
	events := r.events(t, "")
	for i, busy := range []func(){
		func() { hold(1000, "", false) },
		func() { hold(400, "GET /v1/status HTTP/1.1\r\nHost: "+host+"\r\nX: ", true) },
		func() {
			hold(400, "POST /session HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{", true)
		},
		func() { hold(400, "GET /healthz HTTP/1.1\r\nHost: "+host+"\r\n\r\n", false) },
		func() { // as a program whose token was stolen: the house itself is let in last of all
			hold(20, "POST /v1/sales HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: Bearer "+token+"\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{", true)
		},
	} {
		busy()
		http.DefaultClient.CloseIdleConnections() // who comes now has to knock too
		s := r.open(t, int64(1000+i), fmt.Sprint("A-", i))
		code := wechat()
		r.codes = append(r.codes, code)
		r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/scan", role: "cashier", body: map[string]any{"code": code}}, nil)
		r.becomes(t, s.ID, "paid", soon)
		told(t, events, s.ID, "paid") // the page that listens was not shown out
	}
	agree(t, r, b, 5, 5*1000+1+2+3+4)
	t.Logf("tried %d, lost %d", held, 0)
}

// A header that never ends is not waited for, and neither is a body.
func TestSlowCallersAreNotWaitedFor(t *testing.T) {
	r, b := counter(t)
	host := strings.TrimPrefix(r.base, "http://")
	for name, c := range map[string]struct {
		says   string
		within time.Duration
	}{
		"a header": {"GET /v1/status HTTP/1.1\r\nHost: " + host + "\r\nX: ", 30 * time.Second},
		"a body": {"POST /v1/sales HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + r.token(t, "cashier") +
			"\r\nContent-Type: application/json\r\nIdempotency-Key: slow\r\nContent-Length: 31\r\n\r\n{\"amount\":666", 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(c.within))
			if _, err := io.WriteString(conn, c.says); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("after %s the connection stands: %v", c.within, err)
			}
		})
	}
	agree(t, r, b, 0, 0)
}
