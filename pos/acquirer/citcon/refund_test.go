package citcon_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"posd/pos"
	"posd/pos/acquirer/citcon"
)

// refunder answers refunds over connections that stay open, naming them as it is told.
func refunder(t *testing.T, name func(n int, reference string) string) (*citcon.Client, *atomic.Int64) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var conns atomic.Int64
	n := 0
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			for in := bufio.NewReader(conn); ; {
				r, err := http.ReadRequest(in)
				if err != nil {
					break
				}
				_ = r.ParseForm()
				n++
				body := fmt.Sprintf(`{"result":"success","code":"00","transaction_id":"R%d","reference":%q}`, n, name(n, r.PostFormValue("reference")))
				_, _ = io.WriteString(conn, framed(body))
				if r.Close {
					break
				}
			}
			_ = conn.Close()
		}
	}()
	c, err := citcon.New(citcon.Options{URL: "http://" + l.Addr().String() + "/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &conns
}

func refundOf(t *testing.T, c *citcon.Client, n int) pos.RefundAnswer {
	t.Helper()
	f := pos.Refund{Reference: fmt.Sprint("f", n), Amount: pos.Amount{Minor: 100, Currency: "USD"}}
	ans, err := c.Refund(t.Context(), pos.Attempt{Theirs: fmt.Sprint("T", n)}, f, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return ans
}

// Refunds follow each other on one connection as long as each answer names its own.
func TestRefundsThatAreNamedShareAConnection(t *testing.T) {
	c, conns := refunder(t, func(_ int, reference string) string { return reference })
	for n := range 10 {
		if ans := refundOf(t, c, n); ans.Event != pos.RefundDone {
			t.Errorf("refund %d: %v", n, ans.Event)
		}
	}
	if got := conns.Load(); got != 1 {
		t.Errorf("ten refunds took %d connections, want 1", got)
	}
}

// An acquirer whose answers name nothing gets a connection for each.
func TestRefundsThatAreNotNamedGoAlone(t *testing.T) {
	c, conns := refunder(t, func(int, string) string { return "" })
	for n := range 5 {
		if ans := refundOf(t, c, n); ans.Event != pos.RefundDone {
			t.Errorf("refund %d: %v", n, ans.Event)
		}
	}
	if got := conns.Load(); got != 5 {
		t.Errorf("five refunds took %d connections", got)
	}
}

// The answer to the last refund comes once more, in the place of this one's: that is doubt, and what was open
// is not used again.
func TestAnotherRefundsAnswerIsDoubt(t *testing.T) {
	last := ""
	c, conns := refunder(t, func(n int, reference string) string {
		if n == 3 {
			return last
		}
		last = reference
		return reference
	})
	for n, want := range []pos.RefundEvent{pos.RefundDone, pos.RefundDone, pos.RefundSilence, pos.RefundDone} {
		if ans := refundOf(t, c, n); ans.Event != want || (want == pos.RefundSilence && ans.Theirs != "") {
			t.Errorf("refund %d: %+v, want %v", n, ans, want)
		}
	}
	if got := conns.Load(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}
