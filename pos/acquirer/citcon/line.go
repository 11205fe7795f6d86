package citcon

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
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

// opener opens connections. There is no proxy, no second protocol, no compression and nothing that repeats a request by
// itself.
type opener struct {
	dial   dialFunc
	addr   string      // host:port
	secure *tls.Config // nil: plain, on this machine itself
}

// lines are connections that wait for work of one kind.
type lines struct {
	open func(context.Context) (*line, error)
	idle time.Duration
	most int

	mu      sync.Mutex
	waiting []*stay // the newest last
}

// stay is a line while it waits for work.
type stay struct {
	*line
	over *time.Timer // runs when it has waited too long
}

// line is one connection. Whoever took it is alone with it.
type line struct {
	net.Conn          // TLS, or plain on loopback
	raw      *metered // what lies under it
	bound    *io.LimitedReader
	in       *bufio.Reader // over bound

	woken chan error // what its watch ended with; whoever took the line asks it before a byte is written
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

// get is a connection that waits for work and of whose end nothing is known, or a new one.
func (ls *lines) get(ctx context.Context) (*line, error) {
	for {
		ls.mu.Lock()
		n := len(ls.waiting)
		if n == 0 {
			ls.mu.Unlock()
			return ls.open(ctx)
		}
		s := ls.waiting[n-1]
		ls.waiting = ls.waiting[:n-1]
		ls.mu.Unlock()
		if s.over.Stop() && len(s.woken) == 0 {
			return s.line, nil
		}
		_ = s.Close()
	}
}

// put has a line wait for work, for as long as a router remembers it.
func (ls *lines) put(l *line) {
	ls.mu.Lock()
	waits := len(ls.waiting) < ls.most
	if waits {
		s := &stay{line: l}
		ls.waiting = append(ls.waiting, s)
		l.watch(func() { ls.remove(s) })
		s.over = time.AfterFunc(ls.idle, func() { ls.remove(s) })
	}
	ls.mu.Unlock()
	if !waits {
		_ = l.Close()
	}
}

// remove closes a line unless somebody took it.
func (ls *lines) remove(s *stay) {
	ls.mu.Lock()
	i := slices.Index(ls.waiting, s)
	if i >= 0 {
		ls.waiting = slices.Delete(ls.waiting, i, i+1)
	}
	ls.mu.Unlock()
	if i >= 0 {
		s.over.Stop()
		_ = s.Close()
	}
}

// watch reads a line that nobody asked anything: all that may come over it is its end.
func (l *line) watch(ended func()) {
	woken := make(chan error, 1)
	l.woken, l.bound.N = woken, 1
	go func() {
		_, err := l.in.Peek(1)
		woken <- err
		ended()
	}()
}

var errUnasked = errors.New("it said what nobody asked for")

// wake takes a line back from its watch. An error says that it is not as it was. What came in the last moment may go
// unseen: a route does not lean on this.
func (l *line) wake() error {
	if err := l.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return err
	}
	watched := <-l.woken
	if watched == nil {
		return errUnasked
	}
	if !errors.Is(watched, os.ErrDeadlineExceeded) {
		return watched
	}
	return l.SetReadDeadline(time.Time{})
}

// send writes a request, and says how many bytes of it the system took at least, if it did not take them all.
func (l *line) send(request []byte) (left int64, err error) {
	if err := l.wake(); err != nil {
		return 0, err
	}
	before := l.raw.out.Load()
	n, err := l.Write(request)
	return max(l.raw.out.Load()-before, int64(n)), err
}

// drop closes what waits for work.
func (ls *lines) drop() {
	ls.mu.Lock()
	waiting := ls.waiting
	ls.waiting = nil
	ls.mu.Unlock()
	for _, s := range waiting {
		s.over.Stop()
		_ = s.Close()
	}
}

// open makes a new connection.
func (o *opener) open(ctx context.Context) (*line, error) {
	connecting, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	conn, err := o.dial(connecting, "tcp", o.addr)
	if err != nil {
		return nil, &dialFault{dialReason(err), err}
	}
	raw := &metered{Conn: conn}
	l := &line{Conn: raw, raw: raw}
	if o.secure != nil {
		secured := tls.Client(raw, o.secure)
		shaking, cancel := context.WithTimeout(ctx, handshakeWithin)
		defer cancel()
		if err := secured.HandshakeContext(shaking); err != nil {
			_ = raw.Close()
			return nil, &dialFault{"tls", err}
		}
		l.Conn = secured
	}
	l.bound = &io.LimitedReader{R: l.Conn}
	l.in = bufio.NewReader(l.bound)
	l.watch(func() {})
	return l, nil
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
