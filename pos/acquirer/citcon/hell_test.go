package citcon

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
)

const (
	hellToken = "0A1B2C3D"
	hellCode  = "134567890123456789"
	refundRef = "NYC5AV-03-261120-0002-wxyz"
)

// across is a client whose network is in memory: whatever is asked, talk has the connection after the request.
func across(t *testing.T, talk func(net.Conn)) *Client {
	t.Helper()
	c, err := New(Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return hellToken, nil }, Currency: "USD",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				r, err := http.ReadRequest(bufio.NewReader(theirs))
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, r.Body); err == nil {
					talk(theirs)
				}
			}()
			return ours, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// asks is everything that the till can ask of an acquirer, by the name of its call.
var asks = map[string]func(context.Context, *Client, func() error) (verdict, error){
	"ready": func(ctx context.Context, c *Client, _ func() error) (verdict, error) { return verdict{}, c.Ready(ctx) },
	"initialize": func(ctx context.Context, c *Client, _ func() error) (verdict, error) {
		_, err := c.Initialize(ctx)
		return verdict{}, err
	},
	"charge": func(ctx context.Context, c *Client, leaving func() error) (verdict, error) {
		return paid(c.Charge(ctx, pos.Charge{Attempt: sent, Code: pos.NewCode(hellCode)}, leaving))
	},
	"present": func(ctx context.Context, c *Client, leaving func() error) (verdict, error) {
		return paid(c.Present(ctx, sent, leaving))
	},
	"inquire": func(ctx context.Context, c *Client, _ func() error) (verdict, error) {
		return paid(c.Inquire(ctx, known()))
	},
	"search": func(ctx context.Context, c *Client, _ func() error) (verdict, error) {
		return paid(c.Search(ctx, sent))
	},
	"cancel": func(ctx context.Context, c *Client, _ func() error) (verdict, error) {
		return paid(c.Cancel(ctx, known()))
	},
	"refund": func(ctx context.Context, c *Client, leaving func() error) (verdict, error) {
		return back(c.Refund(ctx, known(), hellRefund, leaving))
	},
	"look up a refund": func(ctx context.Context, c *Client, _ func() error) (verdict, error) {
		return back(c.InquireRefund(ctx, known(), hellRefund))
	},
}

var hellRefund = pos.Refund{Reference: refundRef, Amount: pos.Amount{Minor: 100, Currency: "USD"}}

func known() pos.Attempt {
	a := sent
	a.Theirs = "T1"
	return a
}

// verdict is what a call concluded.
type verdict struct {
	word   string // "" is doubt
	reason string
}

func paid(a pos.Answer, err error) (verdict, error) {
	if a.Event == 0 || a.Event == pos.Silence {
		return verdict{"", a.Reason}, err
	}
	return verdict{a.Event.String(), a.Reason}, err
}

func back(a pos.RefundAnswer, err error) (verdict, error) {
	if a.Event == 0 || a.Event == pos.RefundSilence {
		return verdict{"", a.Reason}, err
	}
	return verdict{a.Event.String(), a.Reason}, err
}

// judge puts one question to a peer that answers it, and everything it leads to, with raw.
func judge(t *testing.T, call string, c *Client, raw []byte) {
	t.Helper()
	left := 0
	v, err := asks[call](t.Context(), c, func() error { left++; return nil })
	money := call == "charge" || call == "present" || call == "refund"
	switch {
	case money && left != 1:
		t.Errorf("%s: left %d times", call, left)
	case call == "ready" || call == "initialize":
		if f, whole := plainly(raw); err == nil && (!whole || !strings.EqualFold(f["result"], "success")) {
			t.Errorf("%s: welcome, after %q", call, raw)
		}
	case err != nil && v.word != "":
		t.Errorf("%s: %s and an error, %v", call, v.word, err)
	case v.word != "" && !allowed(call, v.word, raw):
		t.Errorf("%s: %s, after %q", call, v.word, raw)
	}
	said := v.reason
	if err != nil {
		said += err.Error()
	}
	if strings.Contains(said, hellCode) || strings.Contains(said, hellToken) {
		t.Errorf("%s: a secret stands in %q", call, said)
	}
}

// over wraps a body as a web server would.
func over(body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// hell is what comes over lines that pass through gateways, portals, load balancers and tired programs.
func hell() map[string][]byte {
	with := func(field, value string) string { // the good answer with one field said otherwise
		return strings.TrimSuffix(strings.Replace(wholePaid, `"`+field+`":`, `"was_`+field+`":`, 1), "}") + `,"` + field + `":` + value + "}"
	}
	declined := `{"result":"fail","code":"D2","error_message":"Payment declined"}`
	list := `{"result":"success","transactions":[{"transaction_id":"T1","reference":"` + sent.Reference + `","total":12950},{"transaction_id":"R1","reference":"` + refundRef + `","total":100}]}`
	set := map[string][]byte{
		"nothing":                       nil,
		"paid":                          over(wholePaid),
		"paid, behind a mark":           over("\xef\xbb\xbf" + wholePaid),
		"paid, behind two marks":        over("\xef\xbb\xbf\xef\xbb\xbf" + wholePaid),
		"declined":                      over(declined),
		"declined, echoing the code":    over(`{"result":"fail","code":"` + hellCode + `","error_message":"` + hellCode + hellToken + `"}`),
		"cancelled":                     over(`{"result":"fail","code":"E4","error_message":"Order was cancelled","transaction_id":"T1"}`),
		"not found":                     over(`{"result":"fail","code":"X1","error_message":"Original transaction not found"}`),
		"pending":                       over(`{"result":"fail","code":"09","transaction_id":"T1"}`),
		"a QR":                          over(`{"result":"success","qr_code":"https://uat.citconpay.com/qr?q=U1"}`),
		"refunded":                      over(`{"result":"success","code":"00","transaction_id":"R1","original_transaction_id":"T1"}`),
		"another's refund":              over(`{"result":"success","code":"00","transaction_id":"R1","original_transaction_id":"T2"}`),
		"a history":                     over(list),
		"a history, cut":                over(list[:len(list)-40]),
		"said twice":                    over(wholePaid + wholePaid),
		"paid, then declined":           over(wholePaid + declined),
		"two answers":                   append(over(declined), over(wholePaid)...),
		"two lengths":                   []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 82\r\n\r\n" + wholePaid),
		"a length that is too short":    fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(wholePaid)-1, wholePaid),
		"a length that is too long":     fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(wholePaid)+1, wholePaid),
		"a negative length":             []byte("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + wholePaid),
		"no length, ends with the line": []byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + wholePaid),
		"in chunks":                     fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(wholePaid), wholePaid),
		"in chunks, without the last":   fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(wholePaid), wholePaid),
		"in chunks that lie":            []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n" + wholePaid),
		"compressed":                    []byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"),
		"go on":                         append([]byte("HTTP/1.1 100 Continue\r\n\r\n"), over(wholePaid)...),
		"early hints":                   append([]byte("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), over(wholePaid)...),
		"another protocol":              append([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), wholePaid...),
		"HTTP/2 by surprise":            []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		"HTTP/0.9":                      []byte(wholePaid),
		"TLS by surprise":               []byte("\x15\x03\x01\x00\x02\x02\x46"),
		"SSH by surprise":               []byte("SSH-2.0-OpenSSH_9.2\r\n"),
		"moved":                         []byte("HTTP/1.1 307 Temporary Redirect\r\nLocation: /posp/rest/pay\r\nContent-Length: 0\r\n\r\n"),
		"not modified":                  []byte("HTTP/1.1 304 Not Modified\r\n\r\n"),
		"no content":                    []byte("HTTP/1.1 204 No Content\r\n\r\n"),
		"created":                       fmt.Appendf(nil, "HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s", len(wholePaid), wholePaid),
		"partial":                       fmt.Appendf(nil, "HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n%s", len(wholePaid), wholePaid),
		"a gateway that says paid":      fmt.Appendf(nil, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%s", len(wholePaid), wholePaid),
		"a limit that says declined":    fmt.Appendf(nil, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n%s", len(declined), declined),
		"a portal":                      over("<!doctype html><title>Guest network</title><form action=/login>"),
		"a portal with JSON in it":      over("<script>var x = " + wholePaid + "</script>"),
		"UTF-16":                        over("\xff\xfe{\x00\"\x00r\x00e\x00s\x00u\x00l\x00t\x00\"\x00"),
		"GB 18030":                      over("{\"result\":\"fail\",\"code\":\"D2\",\"error_message\":\"\xbd\xbb\xd2\xd7\xca\xa7\xb0\xdc\"}"),
		"a zero byte":                   over("\x00" + wholePaid),
		"a comment":                     over("/* ok */" + wholePaid),
		"a callback":                    over("cb(" + wholePaid + ")"),
		"one quote":                     over(strings.ReplaceAll(wholePaid, `"`, `'`)),
		"a trailing comma":              over(strings.TrimSuffix(wholePaid, "}") + ",}"),
		"null":                          over("null"),
		"a list":                        over("[" + wholePaid + "]"),
		"a string":                      over(strconv.Quote(wholePaid)),
		"inside data":                   over(`{"data":` + wholePaid + `}`),
		"escaped names":                 over(strings.Replace(wholePaid, `"result"`, `"\u0072esult"`, 1)),
		"one name twice, escaped":       over(strings.TrimSuffix(wholePaid, "}") + `,"\u0074otal":"1"}`),
		"names in capitals":             over(strings.ToUpper(wholePaid)),
		"deep":                          over(strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)),
		"wide":                          over(`{"result":"success"` + strings.Repeat(`,"a":1`, 5000) + "}"),
		"long":                          over(with("padding", `"`+strings.Repeat("x", 70<<10)+`"`)),
		"lone surrogates":               over(with("reference", `"\ud800"`)),
	}
	for field, values := range map[string][]string{
		"total": {`"12951"`, `"129.50"`, `12950.0`, `1.295e4`, `"0x3296"`, `"+12950"`, `"012950"`, `-12950`, `99999999999999999999`, `null`, `true`, `["12950"]`, `{"v":12950}`,
			`"１２９５０"`, `" 12950 "`, `"12950\u0000"`, `"12,950"`},
		"code":           {`"0"`, `0`, `"000"`, `"09"`, `9`, `null`, `["00"]`, `" 00 "`, `"OO"`},
		"result":         {`true`, `1`, `"Success"`, `"succes"`, `"success "`, `"fail"`, `"FAIL"`, `null`, `["success"]`, `"processing"`},
		"transaction_id": {`""`, `null`, `" "`, `12`, `1e3`, `["T1"]`, `{"id":"T1"}`},
		"reference":      {`"` + sent.Reference + `"`, `"` + strings.ToLower(sent.Reference) + `"`, `"somebody else's"`, `null`, `7`},
		"currency":       {`"USD"`, `"usd"`, `"CAD"`, `840`, `null`},
		"error_message":  {`"timeout"`, `"was cancelled"`, `{}`},
	} {
		for _, v := range values {
			set[field+" "+v] = over(with(field, v))
			set["declined, "+field+" "+v] = over(strings.TrimSuffix(declined, "}") + `,"` + field + `":` + v + "}")
		}
	}
	return set
}

// Whatever comes back, to whatever was asked: it ends in doubt, in an answer that a second reading confirms, or in
// a trouble with the set-up. Never in money that is not there, never in a refusal that was none.
func TestAnswersFromHell(t *testing.T) {
	for name, raw := range hell() {
		for call := range asks {
			c := across(t, func(conn net.Conn) { _, _ = conn.Write(raw) })
			judge(t, call, c, raw)
			if t.Failed() {
				t.Fatalf("%s: %s", name, call)
			}
		}
	}
}

// The same with whatever nobody has thought of. bare is a body in a good envelope, else everything that came over
// the line is given.
func FuzzExchange(f *testing.F) {
	calls := slices.Sorted(func(yield func(string) bool) {
		for call := range asks {
			if !yield(call) {
				return
			}
		}
	})
	for _, raw := range hell() {
		if len(raw) < 4096 {
			f.Add(uint8(2), false, raw)
		}
	}
	for i := range calls {
		f.Add(uint8(i), true, []byte(wholePaid))
		f.Add(uint8(i), true, []byte(`{"result":"fail","code":"D2","error_message":"Payment declined","transaction_id":"T1"}`))
	}
	f.Fuzz(func(t *testing.T, call uint8, bare bool, raw []byte) {
		if bare {
			raw = over(string(raw))
		}
		c := across(t, func(conn net.Conn) { _, _ = conn.Write(raw) })
		judge(t, calls[int(call)%len(calls)], c, raw)
	})
}

// A peer that never comes to an end ends in doubt all the same, within the time that a call has and without
// filling the register's memory.
func TestEndlessAnswers(t *testing.T) {
	const opening = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		first, again string
		every        time.Duration // 0 as fast as it goes
	}{
		"silence":                      {"", "", 0},
		"silence behind the head":      {"HTTP/1.1 200 OK\r\nContent-Length: 82\r\n\r\n", "", 0},
		"silence in the middle":        {"HTTP/1.1 200 OK\r\nContent-Length: 82\r\n\r\n" + wholePaid[:40], "", 0},
		"silence before the last byte": {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(wholePaid), wholePaid[:len(wholePaid)-1]), "", 0},
		"a drip of a head":             {"HTTP/1.1 200 OK\r\n", "X-A: b\r\n", time.Second},
		"a drip of a body":             {opening, "1\r\n \r\n", time.Second},
		"a drip of letters":            {"", "H", time.Second},
		"a flood of heads":             {"HTTP/1.1 200 OK\r\n", "X-A: " + strings.Repeat("b", 4000) + "\r\n", 0},
		"a flood in one head":          {"HTTP/1.1 200 OK\r\nX-A: ", strings.Repeat("b", 4000), 0},
		"a flood of hints":             {"", "HTTP/1.1 103 Early Hints\r\nX-A: " + strings.Repeat("b", 900) + "\r\n\r\n", 0},
		"a flood of a body":            {opening, "fa0\r\n" + strings.Repeat("b", 4000) + "\r\n", 0},
		"a flood of empty chunks":      {opening, "1;" + strings.Repeat("x", 1000) + "\r\n \r\n", 0},
		"a flood of trailers":          {opening + "0\r\n", "X-A: " + strings.Repeat("b", 4000) + "\r\n", 0},
	} {
		for call := range asks {
			synctest.Test(t, func(t *testing.T) {
				client := across(t, func(conn net.Conn) {
					_, err := io.WriteString(conn, c.first)
					for err == nil {
						if c.every > 0 {
							time.Sleep(c.every)
						}
						_, err = io.WriteString(conn, c.again)
						if c.again == "" {
							_, err = conn.Read(make([]byte, 1)) // until the register hangs up
						}
					}
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				v, err := asks[call](t.Context(), client, func() error { return nil })
				took := time.Since(began)
				time.Sleep(2 * time.Second) // the peer notices
				runtime.ReadMemStats(&after)
				if err == nil || v.word != "" {
					t.Errorf("%s, %s: %q, %v", name, call, v.word, err)
				}
				if took > payWithin {
					t.Errorf("%s, %s: took %s", name, call, took)
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > 40<<20 {
					t.Errorf("%s, %s: %d MiB passed through memory", name, call, used>>20)
				}
			})
		}
	}
}
