package citcon_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/acquirer/citcon"
)

// An acquirer says everything twice. No question is answered by what was said to the one before.
func TestAnAnswerSaidTwiceAnswersOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := via(t, func(_ int, conn net.Conn, in *bufio.Reader) {
			for r := asked(in); r != nil; r = asked(in) {
				answer := framed(fmt.Sprintf(`{"result":"fail","error_message":"order closed","code":%q}`, r.PostFormValue("transaction_id")))
				_, _ = io.WriteString(conn, answer)
				go func() { _, _ = io.WriteString(conn, answer) }()
			}
		})
		defer c.Close()
		for n := range 50 {
			id := fmt.Sprint(100 + n)
			if ans, err := c.Inquire(t.Context(), pos.Attempt{Theirs: id}); err != nil || ans.Reason != id {
				t.Fatalf("asked about %s: %+v, %v", id, ans, err)
			}
		}
	})
}

// The leave takes so long that the connection has waited for too long when it comes back. What was said meanwhile is no
// answer.
func TestALeaveOutlastsTheWaitOfALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := via(t, func(_ int, conn net.Conn, in *bufio.Reader) {
			asked(in)
			_, _ = io.WriteString(conn, welcome)
			go func() {
				time.Sleep(10500 * time.Millisecond)
				_, _ = io.WriteString(conn, framed(`{"result":"success","code":"00","transaction_id":"T1","total":"100"}`))
			}()
			_, _ = io.Copy(io.Discard, in)
		})
		defer c.Close()
		if err := c.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9900 * time.Millisecond)
		ans, err := c.Charge(t.Context(), charge(100), func() error {
			time.Sleep(time.Second)
			return nil
		})
		if ans.Event != pos.NotLeft || err != nil {
			t.Errorf("%+v, %v", ans, err)
		}
	})
}

// What is known already is not kept from the shopper until the rest of a useless body has come.
func TestTheRestOfAUselessAnswerIsNotWaitedFor(t *testing.T) {
	for name, answer := range map[string]string{
		"a failure of something in between": "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1000\r\n\r\n",
		"longer than any answer":            "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat(" ", 64<<10+1),
	} {
		synctest.Test(t, func(t *testing.T) {
			c := via(t, func(_ int, conn net.Conn, in *bufio.Reader) {
				asked(in)
				_, _ = io.WriteString(conn, answer)
				_, _ = io.Copy(io.Discard, in)
			})
			defer c.Close()
			began := time.Now()
			ans, err := c.Charge(t.Context(), charge(100), func() error { return nil })
			if err == nil || ans.Reason != "garbled" || time.Since(began) > 0 {
				t.Errorf("%s: %+v, %v after %v", name, ans, err, time.Since(began))
			}
		})
	}
}

// tardy is a connection whose end takes a second.
type tardy struct{ net.Conn }

func (c tardy) Close() error {
	time.AfterFunc(time.Second, func() { _ = c.Conn.Close() })
	return nil
}

// A call that is over before it leaves does not leave; one that has asked for leave says so.
func TestACallThatIsOverDoesNotLeave(t *testing.T) {
	for name, inLeave := range map[string]bool{"before it asks": false, "while it asks": true} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{}
			client := over(t, func(conn net.Conn) net.Conn { return tardy{conn} }, d.talk)
			defer time.Sleep(2 * time.Second) // until they have ended
			defer client.Close()
			if err := client.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if !inLeave {
				cancel()
			}
			left := 0
			ans, err := client.Charge(ctx, charge(100), func() error {
				left++
				cancel()
				return nil
			})
			synctest.Wait()
			if inLeave && (left != 1 || ans.Event != pos.NotLeft || err != nil) || !inLeave && (left != 0 || !errors.Is(err, context.Canceled)) {
				t.Errorf("%s: %+v, %v; asked %d times", name, ans, err, left)
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if !slices.Equal(d.calls, []string{"sign_in 1"}) {
				t.Errorf("%s: %q", name, d.calls)
			}
		})
	}
}

// However many arm at once, no connection is signed in on twice.
func TestArmingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		calls := map[int]int{}
		c := via(t, func(n int, conn net.Conn, in *bufio.Reader) {
			for r := asked(in); r != nil; r = asked(in) {
				mu.Lock()
				calls[n]++
				mu.Unlock()
				_, _ = io.WriteString(conn, welcome)
			}
		})
		defer c.Close()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 50 {
					if err := c.Ready(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for n, had := range calls {
			if had != 1 {
				t.Errorf("connection %d carried %d", n, had)
			}
		}
	})
}

// A connection on which arming was refused carries no charge: the refusal, said twice, would decline it.
func TestARefusedArmingLeavesNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := framed(`{"result":"fail","error_message":"system busy"}`)
		c := via(t, func(n int, conn net.Conn, in *bufio.Reader) {
			for r := asked(in); r != nil; r = asked(in) {
				if n > 1 {
					_, _ = io.WriteString(conn, framed(`{"result":"success","code":"00","transaction_id":"T1","total":"100"}`))
					return
				}
				_, _ = io.WriteString(conn, refused)
			}
		})
		defer c.Close()
		if c.Ready(t.Context()) == nil {
			t.Fatal("welcomed")
		}
		if ans, err := c.Charge(t.Context(), charge(100), func() error { return nil }); err != nil || ans.Event != pos.Approve {
			t.Errorf("%+v, %v", ans, err)
		}
	})
}

// Refunds go side by side, and some answers name none. What was said on such a connection last could be said again.
func TestNothingFollowsAnAnswerThatNamesNoRefund(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := via(t, func(_ int, conn net.Conn, in *bufio.Reader) {
			unnamed := false
			for r := asked(in); r != nil; r = asked(in) {
				reference := r.PostFormValue("reference")
				if unnamed {
					t.Errorf("refund %s follows an answer without a name", reference)
				}
				if unnamed = strings.HasSuffix(reference, "5"); unnamed {
					reference = ""
				}
				_, _ = io.WriteString(conn, framed(fmt.Sprintf(`{"result":"success","code":"00","reference":%q}`, reference)))
			}
		})
		defer c.Close()
		var all sync.WaitGroup
		for from := range 16 {
			all.Go(func() {
				for n := range 50 {
					f := pos.Refund{Reference: fmt.Sprintf("f%d-%d", from, n), Amount: pos.Amount{Minor: 100, Currency: "USD"}}
					if ans, err := c.Refund(t.Context(), pos.Attempt{Theirs: "T"}, f, func() error { return nil }); err != nil || ans.Event != pos.RefundDone {
						t.Errorf("%s: %+v, %v", f.Reference, ans, err)
					}
				}
			})
		}
		all.Wait()
	})
}

// Where a URL leads, and that one is refused whose host cannot stand in a request as it is.
func TestHosts(t *testing.T) {
	for address, want := range map[string]string{
		"https://pos.example/posp/rest/":      "pos.example:443",
		"https://pos.example:8443/posp/rest/": "pos.example:8443",
		"https://[2001:db8::1]/posp/rest/":    "[2001:db8::1]:443",
		"http://127.0.0.1/posp/rest/":         "127.0.0.1:80",
		"https://:8443/posp/rest/":            "",
		"https://bücher.example/posp/rest/":   "",
		"https://[fe80::1%25eth0]/posp/rest/": "",
		"https://[::1%25a%20b]/posp/rest/":    "",
	} {
		dialled := ""
		c, err := citcon.New(citcon.Options{URL: address, Token: func() (string, error) { return token, nil }, Currency: "USD",
			Dial: func(_ context.Context, _, to string) (net.Conn, error) {
				dialled = to
				return nil, net.ErrClosed
			}})
		if err == nil {
			_ = c.Ready(t.Context())
		}
		if dialled != want || (err != nil) != (want == "") {
			t.Errorf("%s: dialled %q, want %q; %v", address, dialled, want, err)
		}
	}
}
