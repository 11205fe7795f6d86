package citcon_test

import (
	"bufio"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"posd/pos"
	"posd/pos/acquirer/citcon"
)

func roots(web *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	return pool
}

// peer is a bare TCP peer that sees every byte.
type peer struct {
	net.Listener
	conns atomic.Int64
	bytes atomic.Int64
}

// listen serves each connection with f, after counting what came.
func listen(t *testing.T, f func(c net.Conn, request []byte)) *peer {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.conns.Add(1)
			go func() {
				defer c.Close()
				var request strings.Builder
				req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, &request)))
				if err == nil {
					_, _ = io.ReadAll(req.Body)
				}
				p.bytes.Add(int64(request.Len()))
				if err == nil {
					f(c, []byte(request.String()))
				}
			}()
		}
	}()
	return p
}

func (p *peer) client(t *testing.T) *citcon.Client {
	t.Helper()
	c, err := citcon.New(citcon.Options{URL: "http://" + p.Addr().String() + "/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// A charge asks for leave once, with the connection open and not one byte out.
func TestLeavingComesBeforeTheFirstByte(t *testing.T) {
	p := listen(t, func(c net.Conn, _ []byte) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{\"result\":\"fail\",\"code\":\"09\"}")
	})
	left := 0
	ans, err := p.client(t).Charge(t.Context(), charge(100), func() error {
		left++
		if p.bytes.Load() != 0 {
			t.Error("bytes were out before the leave")
		}
		return nil
	})
	if err != nil || ans.Event != pos.Pend || left != 1 {
		t.Errorf("%+v, %v, left %d times", ans, err, left)
	}
}

// The disk fails at the leave: the acquirer sees a connection and not one byte.
func TestRefusedLeaveSendsNothing(t *testing.T) {
	p := listen(t, func(net.Conn, []byte) {})
	disk := errors.New("disk full")
	ans, err := p.client(t).Charge(t.Context(), charge(100), func() error { return disk })
	if ans.Event != pos.NotLeft || err != nil {
		t.Errorf("%+v, %v", ans, err)
	}
	if n := p.bytes.Load(); n != 0 {
		t.Errorf("%d bytes went out", n)
	}
}

// Nobody listens: leave is never asked for, and that is the proof that nothing left.
func TestRefusedDialAsksForNoLeave(t *testing.T) {
	p := listen(t, func(net.Conn, []byte) {})
	c := p.client(t)
	_ = p.Close()
	left := false
	ans, err := c.Charge(t.Context(), charge(100), func() error { left = true; return nil })
	if err == nil || left || ans.Event != 0 || ans.Reason != "line_refused" {
		t.Errorf("%+v, %v, left %v", ans, err, left)
	}
}

// The connection breaks after the request went out: doubt, and never a second request by itself.
func TestBrokenConnectionIsNeverTriedAgain(t *testing.T) {
	p := listen(t, func(c net.Conn, _ []byte) { _ = c.(*net.TCPConn).SetLinger(0) })
	left := 0
	ans, err := p.client(t).Charge(t.Context(), charge(100), func() error { left++; return nil })
	if err == nil || ans.Event != 0 || left != 1 || p.conns.Load() != 1 {
		t.Errorf("%+v, %v; left %d times over %d connections", ans, err, left, p.conns.Load())
	}
}

// Neither a redirect nor another site's page is followed or believed.
func TestRedirectIsNotFollowed(t *testing.T) {
	p := listen(t, func(c net.Conn, _ []byte) {
		_, _ = io.WriteString(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /posp/rest/pay\r\nContent-Length: 0\r\n\r\n")
	})
	ans, err := p.client(t).Charge(t.Context(), charge(100), func() error { return nil })
	if err == nil || ans.Event != 0 || p.conns.Load() != 1 {
		t.Errorf("%+v, %v over %d connections", ans, err, p.conns.Load())
	}
}

// Whatever the acquirer says or fails to say, neither the code nor the token stands in an error.
func TestErrorsNameNoSecret(t *testing.T) {
	const code = "134567890123456789"
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"echo\":\"" + code + "\"", code + " " + token + "\r\n\r\n",
		"HTTP/1.1 500 " + code + "\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Echo: " + token + "\r\nTransfer-Encoding: " + code + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"result\":\"fail\",\"code\":\"" + code + "\",\"error_message\":\"" + code + token + "\"}", "",
	} {
		p := listen(t, func(c net.Conn, _ []byte) { _, _ = io.WriteString(c, answer) })
		ans, err := p.client(t).Charge(t.Context(), charge(100), func() error { return nil })
		said := ans.Reason
		if err != nil {
			said += err.Error()
		}
		if strings.Contains(said, code) || strings.Contains(said, token) {
			t.Errorf("after %q we say %q", answer, said)
		}
		if ans.Event == pos.Approve {
			t.Errorf("%q was taken for money", answer)
		}
	}
}

// Plain HTTP is for this machine alone; a certificate nobody vouches for is no acquirer.
func TestOnlyVerifiedLines(t *testing.T) {
	get := func() (string, error) { return token, nil }
	for _, url := range []string{"http://citcon.example/posp/rest/", "ftp://127.0.0.1/", "https://u:p@citcon.example/", "https:///x", "https://citcon.example/?a=b"} {
		if _, err := citcon.New(citcon.Options{URL: url, Token: get, Currency: "USD"}); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	c, err := citcon.New(citcon.Options{URL: web.URL + "/posp/rest/", Token: get, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	left := false
	if _, err := c.Charge(t.Context(), charge(100), func() error { left = true; return nil }); err == nil || left {
		t.Errorf("an unknown certificate was taken: %v, left %v", err, left)
	}
	if err := c.Ready(t.Context()); err == nil {
		t.Error("ready without a certificate that counts")
	}
}
