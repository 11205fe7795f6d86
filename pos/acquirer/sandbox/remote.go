package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Remote steers a sandbox in another process through its control face.
type Remote struct{ URL string } // http://127.0.0.1:PORT

const remoteWithin = 10 * time.Second

// Script queues what the next charge meets.
func (r Remote) Script(ctx context.Context, s Step) error {
	return r.post(ctx, "script", order{"", s.Do, s.For.String(), s.N, s.Code, s.Text})
}

// ScriptRefund queues what the next refund meets.
func (r Remote) ScriptRefund(ctx context.Context, s Step) error {
	return r.post(ctx, "script", order{"refund", s.Do, s.For.String(), s.N, s.Code, s.Text})
}

// Refuse cuts the line, or mends it.
func (r Remote) Refuse(ctx context.Context, refused bool) error {
	return r.post(ctx, "line", map[string]bool{"refused": refused})
}

// HideHistory makes get_history find nothing, or everything again.
func (r Remote) HideHistory(ctx context.Context, hidden bool) error {
	return r.post(ctx, "history", map[string]bool{"hidden": hidden})
}

// Shopper acts on the newest pending payment.
func (r Remote) Shopper(ctx context.Context, confirms bool) error {
	return r.post(ctx, "shopper", map[string]bool{"confirms": confirms})
}

// Ledger reads every record there is.
func (r Remote) Ledger(ctx context.Context) ([]Record, error) {
	var list []Record
	err := r.call(ctx, http.MethodGet, "ledger", nil, &list)
	return list, err
}

func (r Remote) post(ctx context.Context, what string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return r.call(ctx, http.MethodPost, what, b, nil)
}

func (r Remote) call(ctx context.Context, method, what string, body []byte, to any) error {
	ctx, cancel := context.WithTimeout(ctx, remoteWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(r.URL, "/")+"/control/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	switch {
	case err != nil:
		return fmt.Errorf("sandbox: %w", err)
	case resp.StatusCode >= 300:
		return fmt.Errorf("sandbox: %s", strings.TrimSpace(string(b)))
	case to == nil:
		return nil
	}
	return json.Unmarshal(b, to)
}

// Pipe serves h in memory: dial opens connections that never leave the process, so that a bubble of
// simulated time holds both sides. stop ends it and waits.
func Pipe(h http.Handler) (dial func(ctx context.Context, network, addr string) (net.Conn, error), stop func()) {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	web := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = web.Serve(l) // ends with Close
	}()
	dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case l.conns <- theirs:
			return ours, nil
		case <-l.done:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return dial, func() {
		_ = web.Close()
		<-ended
	}
}

type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "127.0.0.1:443" }
