package api

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Limits for strangers: whoever shows no token. Any program on this machine, and any page in its browser, can
// knock as often as it likes.
const (
	strangersAtOnce = 200                    // questions of strangers that are answered without a wait
	strangersPerSec = 50                     // and as many more each second
	strangersWait   = 500 * time.Millisecond // the others wait so long for theirs
)

// door lets everyone in who knocks. When the house is full it shows the stranger out who came first, so that
// thousands of idle connections never keep the cashier's page waiting outside.
type door struct {
	net.Listener
	mu     sync.Mutex
	inside map[*visitor]bool
}

// visitor is one connection.
type visitor struct {
	net.Conn
	door  *door
	known atomic.Bool  // has shown a token
	busy  atomic.Bool  // is asking something, or listening
	since atomic.Int64 // when it came, or last fell idle; Unix nanoseconds
}

type visitorKey struct{}

func newDoor(l net.Listener) *door { return &door{Listener: l, inside: map[*visitor]bool{}} }

func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	v := &visitor{Conn: c, door: d}
	v.since.Store(time.Now().UnixNano())
	d.mu.Lock()
	var out *visitor
	if len(d.inside) >= maxConns {
		if out = d.leastMissed(); out == nil {
			out = v // every place is taken by the house's own, and all of them are busy
		}
	}
	d.inside[v] = true
	d.mu.Unlock()
	if out != nil {
		_ = out.Close()
	}
	return v, nil
}

// leastMissed is the stranger who came first, or else the one of the house's own that is idle longest. The
// caller holds the lock.
func (d *door) leastMissed() (out *visitor) {
	for v := range d.inside {
		known := v.known.Load()
		if known && v.busy.Load() {
			continue
		}
		if out == nil || out.known.Load() && !known || out.known.Load() == known && v.since.Load() < out.since.Load() {
			out = v
		}
	}
	return out
}

func (v *visitor) Close() error {
	v.door.mu.Lock()
	delete(v.door.inside, v)
	v.door.mu.Unlock()
	return v.Conn.Close()
}

// noted is told by net/http what a connection does.
func noted(c net.Conn, state http.ConnState) {
	v, ok := c.(*visitor)
	if !ok {
		return
	}
	v.busy.Store(state == http.StateActive)
	if state == http.StateIdle && v.known.Load() {
		v.since.Store(time.Now().UnixNano())
	}
}

func withVisitor(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, c)
}

// knows marks the connection of a request as one of the house.
func knows(ctx context.Context) {
	if v, ok := ctx.Value(visitorKey{}).(*visitor); ok {
		v.known.Store(true)
	}
}

// patience is how many strangers are still answered at once.
type patience struct {
	mu   sync.Mutex
	left float64
	at   time.Time
}

// spend reports whether a stranger is answered without a wait.
func (p *patience) spend(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() {
		p.left = strangersAtOnce
	} else {
		p.left = min(strangersAtOnce, p.left+now.Sub(p.at).Seconds()*strangersPerSec)
	}
	p.at = now
	if p.left < 1 {
		return false
	}
	p.left--
	return true
}

// flooded lets a stranger wait when there are too many, and reports whether there were.
func (s *Server) flooded(ctx context.Context) bool {
	if s.patience.spend(time.Now()) {
		return false
	}
	wait := time.NewTimer(strangersWait)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	return true
}

// turnAway refuses a stranger and closes the connection. In a flood nothing is said and nothing is logged: an
// answer to each would be what the flood is for.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	if s.flooded(r.Context()) {
		panic(http.ErrAbortHandler) // net/http's way to end a connection without a word
	}
	w.Header().Set("Connection", "close")
	s.refuse(w, r, err)
}
