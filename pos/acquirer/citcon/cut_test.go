package citcon

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// cutter is an acquirer whose connections end in the middle: after so many bytes of a request, or of the
// answer to a call.
type cutter struct {
	net.Listener
	call   string // whose exchange is cut
	hears  int    // bytes of the request before the end; -1 all
	says   int    // bytes of the answer before the end; -1 all
	body   string
	length int // of the whole answer
}

func (c *cutter) serve() {
	for {
		conn, err := c.Accept()
		if err != nil {
			return
		}
		go c.talk(conn)
	}
}

func (c *cutter) talk(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		line, err := in.Peek(64)
		if len(line) == 0 && err != nil {
			return
		}
		cut := strings.Contains(string(line), "/"+c.call+" ")
		if cut && c.hears >= 0 {
			_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)) // a request may be shorter than this
			_, _ = io.CopyN(io.Discard, in, int64(c.hears))
			return
		}
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		body := `{"result":"success","token":"0A1B2C3D"}`
		if cut {
			body = c.body
		}
		answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		c.length = len(answer)
		if cut && c.says >= 0 {
			_, _ = io.WriteString(conn, answer[:min(c.says, len(answer))])
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func cutting(t *testing.T, call, body string, hears, says int) (*Client, *cutter) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &cutter{Listener: l, call: call, body: body, hears: hears, says: says}
	go k.serve()
	c, err := New(Options{URL: "http://" + l.Addr().String() + "/posp/rest/", Token: func() (string, error) { return "0A1B2C3D", nil }, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = l.Close()
	})
	return c, k
}

const wholePaid = `{"result":"success","code":"00","transaction_id":"T1","total":"12950","method":"WeChat"}`

// An answer that ends after any of its bytes is doubt; only the whole one is money.
func TestAnswerCutAtEveryByte(t *testing.T) {
	const whole = 300 // more than any answer here has
	for says := range whole {
		c, k := cutting(t, "pay", wholePaid, -1, says)
		left := 0
		ans, err := c.Charge(t.Context(), pos.Charge{Attempt: sent, Code: pos.NewCode("134567890123456789")}, func() error { left++; return nil })
		complete := says >= k.length
		switch {
		case left != 1:
			t.Fatalf("cut at %d: left %d times", says, left)
		case complete && (err != nil || ans.Event != pos.Approve):
			t.Errorf("whole: %v, %v", ans.Event, err)
		case !complete && (ans.Event == pos.Approve || ans.Event == pos.Decline || ans.Event == pos.NotLeft || ans.Event == pos.Close):
			t.Errorf("cut at %d of %d: %v", says, k.length, ans.Event)
		}
	}
}

// A request that the other side hung up on after any of its bytes may have been heard: never unsent, never
// declined, and never sent again.
func TestRequestCutAtEveryByte(t *testing.T) {
	for hears := range 320 {
		c, _ := cutting(t, "pay", wholePaid, hears, -1)
		left := 0
		ans, err := c.Charge(t.Context(), pos.Charge{Attempt: sent, Code: pos.NewCode("134567890123456789")}, func() error { left++; return nil })
		if left > 1 || err == nil && ans.Event != pos.Silence {
			t.Errorf("hung up after %d bytes: %v, %v, left %d times", hears, ans.Event, err, left)
		}
	}
}

// The same for everything that ends a payment or a refund: half a word never does.
func TestEndingsCutAtEveryByte(t *testing.T) {
	known := sent
	known.Theirs = "T1"
	for says := range 260 {
		c, k := cutting(t, "inquire", wholePaid, -1, says)
		if ans, _ := c.Inquire(t.Context(), known); says < k.length && ans.Event != 0 && ans.Event != pos.Silence {
			t.Errorf("inquiry cut at %d: %v", says, ans.Event)
		}
		c, k = cutting(t, "refund", `{"result":"success","code":"00","transaction_id":"R1","original_transaction_id":"T1"}`, -1, says)
		f := pos.Refund{Reference: "f1", Amount: pos.Amount{Minor: 100, Currency: "USD"}}
		if ans, _ := c.Refund(t.Context(), known, f, func() error { return nil }); says < k.length && ans.Event != 0 && ans.Event != pos.RefundSilence {
			t.Errorf("refund cut at %d: %v", says, ans.Event)
		}
		c, _ = cutting(t, "cancel", `{"result":"success","code":"00"}`, -1, says)
		if ans, err := c.Cancel(t.Context(), known); says < 40 && err == nil && ans.Event == pos.Close {
			t.Errorf("cancel cut at %d: %v", says, ans.Event)
		}
	}
}

// A drip that never ends, a flood, and other people's pages: each is doubt within its bounds.
func TestStrangersAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"a flood":               `{"result":"success","code":"00","transaction_id":"T1","total":"12950","x":"` + strings.Repeat("x", 2<<20) + `"}`,
		"deep":                  strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		"a portal":              "<!doctype html><html><body>Sign in to Wi-Fi</body></html>",
		"another charset":       "\xff\xfe{\x00\"\x00r\x00e\x00s\x00u\x00l\x00t\x00\"\x00",
		"a number for a word":   `{"result":1,"code":0,"transaction_id":1,"total":12950}`,
		"true for success":      `{"result":true,"code":"00","transaction_id":"T1","total":"12950"}`,
		"a list for the amount": `{"result":"success","code":"00","transaction_id":"T1","total":["12950"]}`,
		"exponents":             `{"result":"success","code":"00","transaction_id":"T1","total":1.295e4}`,
		"twice in one field":    `{"result":"fail","result":"success","code":"00","transaction_id":"T1","total":"12950"}`,
		"two objects":           wholePaid + "\n" + wholePaid,
	} {
		c, _ := cutting(t, "pay", body, -1, -1)
		began := time.Now()
		ans, err := c.Charge(t.Context(), pos.Charge{Attempt: sent, Code: pos.NewCode("134567890123456789")}, func() error { return nil })
		if err == nil && ans.Event != pos.Silence {
			t.Errorf("%s: %v", name, ans.Event)
		}
		if errors.Is(err, io.EOF) || time.Since(began) > time.Minute {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
}
