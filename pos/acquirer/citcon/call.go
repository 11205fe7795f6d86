package citcon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// How long a call may take, connection included. Citcon publishes no limits; these are the reference's
// suggestions (2.8): a shopper's wallet is behind pay, only Citcon's own books are behind the others.
const (
	payWithin  = 45 * time.Second
	callWithin = 20 * time.Second
)

// How much of an answer is read. A reply is a few hundred bytes; a day's history is a list of them.
const (
	replyAtMost   = 64 << 10
	historyAtMost = 4 << 20
)

// localTime is how the register's wall clock is written: no zone, no "Z" (2.2).
const localTime = "2006-01-02 15:04:05"

// errNotLeft marks a call whose leaving was granted and of which not one byte went out.
var errNotLeft = errors.New("not one byte went out")

// fault is a call without a usable answer. Its text is made of our words and of the system's, never of
// bytes that came over the line: those may echo what we sent.
type fault struct {
	endpoint string
	reason   string // a word of ours, for people
	detail   string // what was wrong with the answer, in our words
	err      error  // the cause, where it cannot quote the line
}

func (f *fault) Error() string {
	s := "citcon " + f.endpoint + ": " + f.reason
	if f.detail != "" {
		s += ": " + f.detail
	}
	if f.err != nil {
		s += ": " + f.err.Error()
	}
	return s
}

func (f *fault) Unwrap() error { return f.err }

// reasonOf is the word for people in an error of a call.
func reasonOf(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.reason
	}
	return ""
}

// route says which connection carries a call, and what becomes of it. A late or repeated answer may be read as that of
// whatever follows on its connection: nothing follows but what cannot be mistaken so.
type route struct {
	line func(context.Context) (*line, error)
	next *lines           // where it waits for the next; nil: it is closed
	fit  func(reply) bool // for the next, after this answer
}

func (c *Client) route(endpoint string, form url.Values) route {
	switch endpoint {
	case "sign_in": // its success, read as the answer of a charge, proves nothing
		return route{c.open, c.money, reply.success}
	case "pay", "gen_payment_qr":
		return route{line: c.money.get}
	case "refund": // what names this one is not taken for the answer of another
		return route{c.back.get, c.back, func(r reply) bool { return r.text("reference") == form.Get("reference") }}
	}
	return route{line: c.open}
}

// call posts one form.
func (c *Client) call(ctx context.Context, endpoint string, form url.Values, leaving func() error) (reply, error) {
	within := callWithin
	if endpoint == "pay" {
		within = payWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	via := c.route(endpoint, form)
	l, err := via.line(ctx)
	if err != nil {
		return reply{}, c.lost(ctx, endpoint, err)
	}
	hangUp := context.AfterFunc(ctx, func() { _ = l.raw.Close() }) // without a farewell, which may have to wait
	r, open, err := l.exchange(ctx, endpoint, c.request(endpoint, form, via.next == nil), leaving)
	if f := (*fault)(nil); err != nil && !errors.As(err, &f) {
		err = c.lost(ctx, endpoint, err)
	}
	if hangUp() && open && via.next != nil && via.fit(r) {
		via.next.put(l)
	} else {
		go l.Close()
	}
	return r, err
}

// request is what goes over the line, in one write. last says that nothing follows on that line.
func (c *Client) request(endpoint string, form url.Values, last bool) []byte {
	body, then := form.Encode(), "keep-alive"
	if last {
		then = "close"
	}
	return fmt.Appendf(nil, "POST %s%s HTTP/1.1\r\nHost: %s\r\nConnection: %s\r\nUser-Agent: posd\r\nAccept: application/json\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", c.path, endpoint, c.host, then, len(body), body)
}

// exchange asks for leave, sends a request and reads its answer, one after the other: nothing is written before the
// leave, nothing is read before the write, and nothing is done twice. open says that the line is as it was.
func (l *line) exchange(ctx context.Context, endpoint string, request []byte, leaving func() error) (r reply, open bool, err error) {
	if err := ctx.Err(); err != nil {
		return reply{}, false, err
	}
	if leaving != nil {
		if err := leaving(); err != nil {
			return reply{}, false, &fault{endpoint: endpoint, reason: "not_left", err: err}
		}
	}
	left, err := int64(0), ctx.Err()
	if err == nil {
		left, err = l.send(request)
	}
	switch {
	case err != nil && left == 0 && leaving != nil:
		return reply{}, false, &fault{endpoint: endpoint, reason: "not_left", err: errNotLeft}
	case err != nil:
		return reply{}, false, err
	}
	return l.read(endpoint)
}

// maxHints bounds what may come before an answer (RFC 9110 15.2).
const maxHints = 5

// read reads one answer.
func (l *line) read(endpoint string) (r reply, open bool, err error) {
	garbled := func(detail string, err error) (reply, bool, error) {
		return reply{}, false, &fault{endpoint: endpoint, reason: "garbled", detail: detail, err: err}
	}
	atMost := int64(replyAtMost)
	if endpoint == "get_history" {
		atMost = historyAtMost
	}
	l.bound.N = headAtMost
	answer, err := http.ReadResponse(l.in, nil)
	for hints := 0; err == nil && answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols && hints < maxHints; hints++ {
		answer, err = http.ReadResponse(l.in, nil)
	}
	if err != nil {
		return reply{}, false, err
	}
	defer func() {
		if err != nil {
			_ = l.raw.Close() // or closing the body would wait for the rest of it
		}
		_ = answer.Body.Close()
	}()
	if answer.StatusCode != http.StatusOK { // failures are 200 here (2.2): this is somebody in between
		return garbled(fmt.Sprintf("status %d", answer.StatusCode), nil)
	}
	l.bound.N = 2*atMost + headAtMost // chunks have their own heads
	body, err := io.ReadAll(io.LimitReader(answer.Body, atMost+1))
	switch {
	case err != nil:
		return reply{}, false, err
	case int64(len(body)) > atMost:
		return garbled("longer than any answer", nil)
	}
	if r, err = decode(body); err != nil {
		return garbled("", err)
	}
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		r.date = date
	}
	return r, !answer.Close && l.in.Buffered() == 0, nil
}

// lost names the failure of a call that came to no whole answer. net/http quotes the line when an
// answer is not HTTP, so its own text is kept only where it cannot.
func (c *Client) lost(ctx context.Context, endpoint string, err error) error {
	f := &fault{endpoint: endpoint, reason: "cut"}
	var dial *dialFault
	var system *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		f.reason, f.err = "timeout", ctx.Err()
	case ctx.Err() != nil:
		f.err = ctx.Err()
	case errors.As(err, &dial):
		f.reason, f.err = dial.reason, dial
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		f.err = io.ErrUnexpectedEOF
	case errors.As(err, &system):
		f.err = system
	}
	return f
}
