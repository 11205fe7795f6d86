package citcon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Limits of a connection. The connect limit is our own: a line that needs longer will not carry a
// payment inside the code's life either. The idle limit is the design's: address translation in shop
// routers forgets idle connections, and a charge on a forgotten one is doubt for nothing.
const (
	connectWithin   = 3 * time.Second
	handshakeWithin = 3 * time.Second
	idleAtMost      = 10 * time.Second
	followWithin    = time.Second // a refund on the connection of the one before: servers close what idles for a few seconds
	refundsAtOnce   = 32
	headAtMost      = 64 << 10 // bytes before a body; a real one has a few hundred
)

// dialFunc opens the connection under TLS.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialFault is a connection that did not come about: nothing of ours left.
type dialFault struct {
	reason string
	err    error
}

func (f *dialFault) Error() string { return f.err.Error() }
func (f *dialFault) Unwrap() error { return f.err }

// line is one connection as net/http sees it. Every write needs the leave of the witness of the call
// that rides it, so no byte can go out without somebody having asked for it.
type line struct {
	net.Conn          // TLS, or plain on loopback
	raw      *metered // what lies under it

	mu      sync.Mutex
	witness *witness
	closed  bool
}

// metered counts the bytes that the system took. Under TLS it counts records: a record that went out
// in part cannot be read, but it is not zero bytes either.
type metered struct {
	net.Conn
	out atomic.Int64
}

func (m *metered) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.out.Add(int64(n))
	return n, err
}

var errNobodyAsked = errors.New("a write that no call asked for")

func (l *line) Write(b []byte) (int, error) {
	l.mu.Lock()
	w, closed := l.witness, l.closed
	l.mu.Unlock()
	switch {
	case closed:
		return 0, net.ErrClosed
	case w == nil:
		return 0, errNobodyAsked
	}
	return w.write(l, b)
}

// Close is told to the line first: a charge must not ask for leave on a connection that net/http has
// already seen the end of.
func (l *line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	return l.Conn.Close()
}

func (l *line) watch(w *witness) {
	l.mu.Lock()
	l.witness = w
	l.mu.Unlock()
}

// witness watches one call. It asks leaving before the first byte, counts what went out, and once
// sealed lets nothing out any more: what it says then stays true.
type witness struct {
	leaving func() error // nil for questions, which may go at once

	turn   chan struct{} // holds whoever writes or seals; a channel, because a bubble's clock waits for a mutex
	on     *line         // a call rides one connection, never a second
	asked  bool
	denied error // what leaving said
	out    int64

	going  atomic.Bool // a write was handed on
	sealed atomic.Bool
}

func newWitness(leaving func() error) *witness {
	return &witness{leaving: leaving, turn: make(chan struct{}, 1)}
}

var errSealed = errors.New("the call is over")

func (w *witness) write(l *line, b []byte) (int, error) {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	if w.sealed.Load() || (w.on != nil && w.on != l) {
		return 0, errSealed
	}
	w.on = l
	if !w.asked && w.leaving != nil {
		w.asked = true
		w.denied = w.leaving()
	}
	if w.denied != nil {
		return 0, w.denied
	}
	w.going.Store(true)
	before := l.raw.out.Load()
	n, err := l.Conn.Write(b)
	w.out += max(l.raw.out.Load()-before, int64(n))
	return n, err
}

// seal ends the call. A write under way is waited for: net/http closes the connection of a call that
// is given up, so that wait is short.
func (w *witness) seal() {
	w.turn <- struct{}{}
	w.sealed.Store(true)
	<-w.turn
}

// answered ends a call that was answered while or after its bytes went out, and reports whether it could: it waits for
// no write to come back from the system, which says nothing that the answer does not.
func (w *witness) answered() bool {
	if !w.going.Load() {
		return false
	}
	w.sealed.Store(true)
	return true
}

// transport makes the HTTP/1.1 connections of one kind of call. There is no proxy, no second protocol,
// no compression and nothing that repeats a request by itself.
func transport(dial dialFunc, roots *x509.CertPool) *http.Transport {
	open := func(ctx context.Context, network, addr string) (*metered, error) {
		ctx, cancel := context.WithTimeout(ctx, connectWithin)
		defer cancel()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, &dialFault{dialReason(err), err}
		}
		return &metered{Conn: conn}, nil
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			raw, err := open(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &line{Conn: raw, raw: raw}, nil
		},
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			raw, err := open(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				host = addr
			}
			secured := tls.Client(raw, &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
			ctx, cancel := context.WithTimeout(ctx, handshakeWithin)
			defer cancel()
			if err := secured.HandshakeContext(ctx); err != nil {
				raw.Close()
				return nil, &dialFault{"tls", err}
			}
			return &line{Conn: secured, raw: raw}, nil
		},
		Proxy:               nil,
		Protocols:           &protocols,
		DisableCompression:  true,
		IdleConnTimeout:     idleAtMost,
		MaxIdleConnsPerHost: 2,

		MaxResponseHeaderBytes: headAtMost,
	}
}

// dialReason names for a person why no connection came about.
func dialReason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "line_refused"
	}
	return "unreachable"
}
