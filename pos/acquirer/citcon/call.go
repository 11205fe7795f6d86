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

	"posd/pos"
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

// heard is a whole body that came with status 200.
type heard struct {
	body []byte
	date time.Time // the acquirer's clock, or zero
}

// call posts one form. Money rides connections that carried nothing but Ready's question before, and
// that are closed after it, so an answer that was repeated or came late cannot be taken for another's.
// A refund may follow another whose answer named it: whatever is repeated there names the wrong one.
func (c *Client) call(ctx context.Context, endpoint string, form url.Values, leaving func() error) (heard, error) {
	token, err := c.token.get()
	if err != nil {
		return heard{}, &fault{endpoint: endpoint, reason: "setup", err: fmt.Errorf("%w: %w", pos.ErrMisfit, err)}
	}
	if endpoint == "initialize" {
		form.Set("store_code", token) // documented as the same value (2.5)
	} else {
		form.Set("token", token)
	}
	if c.o.Sign != nil {
		if err := c.o.Sign(endpoint, form); err != nil {
			return heard{}, &fault{endpoint: endpoint, reason: "setup", err: err}
		}
	}
	within, atMost, via := callWithin, int64(replyAtMost), c.questions
	switch endpoint {
	case "pay":
		within = payWithin
	case "get_history":
		atMost = historyAtMost
	}
	switch {
	case endpoint == "refund":
		via = c.back
	case leaving != nil, endpoint == "sign_in":
		via = c.money
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	last := leaving != nil && (via != c.back || !c.named.Load())
	l, err := via.get(ctx)
	if err != nil {
		return heard{}, c.lost(ctx, endpoint, err)
	}
	hangUp := context.AfterFunc(ctx, func() { _ = l.raw.Close() }) // without a farewell, which may have to wait
	h, reusable, err := c.exchange(l, endpoint, c.request(endpoint, form, last), leaving, atMost)
	if f := (*fault)(nil); err != nil && !errors.As(err, &f) {
		err = c.lost(ctx, endpoint, err)
	}
	if hangUp() && reusable && !last {
		via.put(l)
	} else {
		go l.Close()
	}
	return h, err
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
// leave, nothing is read before the write, and nothing is done twice.
func (c *Client) exchange(l *line, endpoint string, request []byte, leaving func() error, atMost int64) (heard, bool, error) {
	if leaving != nil {
		if err := leaving(); err != nil {
			return heard{}, false, &fault{endpoint: endpoint, reason: "not_left", err: err}
		}
	}
	switch left, err := l.send(request); {
	case err != nil && left == 0 && leaving != nil:
		return heard{}, false, &fault{endpoint: endpoint, reason: "not_left", err: errNotLeft}
	case err != nil:
		return heard{}, false, err
	}
	return c.read(l, endpoint, atMost)
}

// maxHints bounds what may come before an answer (RFC 9110 15.2).
const maxHints = 5

// read reads one answer, and says whether the line is as it was.
func (c *Client) read(l *line, endpoint string, atMost int64) (h heard, reusable bool, err error) {
	l.bound.N = headAtMost
	answer, err := http.ReadResponse(l.in, nil)
	for hints := 0; err == nil && answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols && hints < maxHints; hints++ {
		answer, err = http.ReadResponse(l.in, nil)
	}
	if err != nil {
		return heard{}, false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK { // failures are 200 here (2.2): this is somebody in between
		return heard{}, false, &fault{endpoint: endpoint, reason: "garbled", detail: fmt.Sprintf("status %d", answer.StatusCode)}
	}
	l.bound.N = 2*atMost + headAtMost // chunks have their own heads
	b, err := io.ReadAll(io.LimitReader(answer.Body, atMost+1))
	switch {
	case err != nil:
		return heard{}, false, err
	case int64(len(b)) > atMost:
		return heard{}, false, &fault{endpoint: endpoint, reason: "garbled", detail: "longer than any answer"}
	}
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return heard{b, date}, !answer.Close && l.in.Buffered() == 0, nil
}

// lost names the failure of a call that came to no whole answer. net/http quotes the line when an
// answer is not HTTP, so its own text is kept only where it cannot.
func (c *Client) lost(ctx context.Context, endpoint string, err error) error {
	f := &fault{endpoint: endpoint, reason: "cut"}
	var dial *dialFault
	var system *net.OpError
	switch {
	case errors.As(err, &dial):
		f.reason, f.err = dial.reason, dial
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		f.reason, f.err = "timeout", ctx.Err()
	case ctx.Err() != nil:
		f.err = ctx.Err()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		f.err = io.ErrUnexpectedEOF
	case errors.As(err, &system):
		f.err = system
	}
	return f
}
