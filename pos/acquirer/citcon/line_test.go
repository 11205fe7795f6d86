package citcon_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/acquirer/citcon"
)

// gone is what an acquirer does with a connection once it has answered on it.
type gone int

const (
	stays gone = iota
	hangsUp
	saysMore
)

// desk is an acquirer in memory that remembers which connection each call came over.
type desk struct {
	mu     sync.Mutex
	opened int
	calls  []string // path and number of the connection
	after  gone
	answer string
}

func (d *desk) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	d.mu.Lock()
	d.opened++
	n := d.opened
	d.mu.Unlock()
	go d.talk(theirs, byte('0'+n))
	return ours, nil
}

func (d *desk) talk(conn net.Conn, n byte) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		d.mu.Lock()
		d.calls = append(d.calls, r.URL.Path[len("/posp/rest/"):]+" "+string(n))
		after := d.after
		d.mu.Unlock()
		if _, err := io.WriteString(conn, d.answer); err != nil || after == hangsUp {
			return
		}
		if after == saysMore {
			_, _ = io.WriteString(conn, d.answer)
		}
	}
}

const welcome = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"result\":\"success\"}"

func (d *desk) client(t *testing.T) *citcon.Client {
	t.Helper()
	c, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD", Dial: d.dial})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A charge goes over the connection that was opened for it, unless that ended, said what nobody asked for, or waited
// for as long as a router may have forgotten it; and each connection carries one.
func TestWhichConnectionCarriesACharge(t *testing.T) {
	for name, c := range map[string]struct {
		after gone
		waits time.Duration
		want  []string
	}{
		"opened for it":            {stays, 9 * time.Second, []string{"sign_in 1", "pay 1", "pay 2"}},
		"ended meanwhile":          {hangsUp, time.Second, []string{"sign_in 1", "pay 2", "pay 3"}},
		"said more than an answer": {saysMore, time.Second, []string{"sign_in 1", "pay 2", "pay 3"}},
		"waited too long":          {stays, idleTooLong, []string{"sign_in 1", "pay 2", "pay 3"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{after: c.after, answer: welcome}
			client := d.client(t)
			defer client.Close()
			if err := client.Ready(t.Context()); err != nil {
				t.Fatal(name, err)
			}
			time.Sleep(c.waits)
			for range 2 {
				left := 0
				if ans, err := client.Charge(t.Context(), charge(100), func() error { left++; return nil }); err != nil || ans.Event != pos.Silence || left != 1 {
					t.Errorf("%s: %+v, %v, left %d times", name, ans, err, left)
				}
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if !slices.Equal(d.calls, c.want) {
				t.Errorf("%s: %q, want %q", name, d.calls, c.want)
			}
		})
	}
}

const idleTooLong = 10 * time.Second

// Arming again opens a new connection, and the one that waited is closed.
func TestArmingAgainOpensAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{answer: welcome}
		client := d.client(t)
		defer client.Close()
		for range 3 {
			if err := client.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if want := []string{"sign_in 1", "sign_in 2", "sign_in 3"}; !slices.Equal(d.calls, want) {
			t.Errorf("%q, want %q", d.calls, want)
		}
	})
}

// An answer that was there before its question is nobody's: not even a whole one that says paid.
func TestAnswerBeforeItsQuestion(t *testing.T) {
	for name, leave := range map[string]time.Duration{"before the leave": 0, "while the leave is written down": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			const paid = "HTTP/1.1 200 OK\r\nContent-Length: 93\r\n\r\n{\"result\":\"success\",\"code\":\"00\",\"transaction_id\":\"T1\",\"total\":\"100\",\"reference\":\"\",\"ok\":\"1234\"}"
			c, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD",
				Dial: func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						_, _ = io.WriteString(theirs, paid)
						_, _ = io.Copy(io.Discard, theirs)
					}()
					return ours, nil
				}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ans, err := c.Charge(t.Context(), charge(100), func() error {
				time.Sleep(leave)
				return nil
			})
			if ans.Event == pos.Approve || ans.Event == pos.Decline || ans.Event == 0 && err == nil {
				t.Errorf("%s: %+v, %v", name, ans, err)
			}
		})
	}
}
