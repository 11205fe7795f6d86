package citcon_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
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
	mu    sync.Mutex
	calls []string // path and number of the connection
	open  int
	after gone
}

func (d *desk) talk(n int, conn net.Conn, in *bufio.Reader) {
	d.opened(1)
	defer d.opened(-1)
	for r := asked(in); r != nil; r = asked(in) {
		d.mu.Lock()
		d.calls = append(d.calls, fmt.Sprint(r.URL.Path[len("/posp/rest/"):], " ", n))
		after := d.after
		d.mu.Unlock()
		if _, err := io.WriteString(conn, welcome); err != nil || after == hangsUp {
			return
		}
		if after == saysMore {
			_, _ = io.WriteString(conn, welcome)
		}
	}
}

func (d *desk) opened(more int) {
	d.mu.Lock()
	d.open += more
	d.mu.Unlock()
}

var welcome = framed(`{"result":"success"}`)

// via makes a client whose every connection is served in memory, and numbers them from 1.
func via(t *testing.T, serve func(n int, conn net.Conn, in *bufio.Reader)) *citcon.Client {
	t.Helper()
	return over(t, func(conn net.Conn) net.Conn { return conn }, serve)
}

// over is via with connections of another make.
func over(t *testing.T, made func(net.Conn) net.Conn, serve func(n int, conn net.Conn, in *bufio.Reader)) *citcon.Client {
	t.Helper()
	var opened atomic.Int64
	c, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			n := int(opened.Add(1))
			go func() {
				defer theirs.Close()
				serve(n, theirs, bufio.NewReader(theirs))
			}()
			return made(ours), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asked reads a request, or nil when there is none any more.
func asked(in *bufio.Reader) *http.Request {
	r, err := http.ReadRequest(in)
	if err != nil || r.ParseForm() != nil {
		return nil
	}
	return r
}

func framed(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
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
			d := &desk{after: c.after}
			client := via(t, d.talk)
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
		d := &desk{}
		client := via(t, d.talk)
		defer client.Close()
		for range 3 {
			if err := client.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if d.open != 1 {
				t.Errorf("%d connections are open", d.open)
			}
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
			c := via(t, func(_ int, conn net.Conn, in *bufio.Reader) {
				_, _ = io.WriteString(conn, framed(`{"result":"success","code":"00","transaction_id":"T1","total":"100"}`))
				_, _ = io.Copy(io.Discard, in)
			})
			defer c.Close()
			ans, err := c.Charge(t.Context(), charge(100), func() error {
				time.Sleep(leave)
				return nil
			})
			if ans.Event != pos.NotLeft || err != nil {
				t.Errorf("%s: %+v, %v", name, ans, err)
			}
		})
	}
}
