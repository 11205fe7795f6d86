package citcon

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"posd/pos"
)

// Options is what a register knows about its terminal at Citcon.
type Options struct {
	URL      string                 // ending in posp/rest/; plain http only for loopback
	Token    func() (string, error) // the terminal's code: read at first need and again after a refusal
	Zone     *time.Location         // of the shop, for pos_local_time
	Currency pos.Currency           // of the terminal: a presented QR names none (7.8)
	Roots    *x509.CertPool         // nil: the system's
	Log      *slog.Logger           // nil: silence

	// Dial opens connections; nil is the network. Tests hand in pipes.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Sign adds nonce, hash and signature to a form. The rule is not published and the accounts seen
	// work without (2.3, 7.1), so there is none unless Citcon names one; a key is never guessed.
	Sign func(endpoint string, form url.Values) error
}

// Client is one terminal at Citcon. All methods may be called from several goroutines.
type Client struct {
	o     Options
	path  string // ends in /
	host  string
	log   *slog.Logger
	token *secret
	opener
	money *lines // on which Ready was welcomed, for one charge each
	back  *lines // on which a refund was answered by its name, for the next
}

var _ pos.Acquirer = (*Client)(nil)

// New checks the options; it opens nothing and reads no token yet.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("acquirer url: %w", err)
	case base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())):
		return nil, errors.New("acquirer url: https is needed for everything but this machine itself")
	case base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("acquirer url: write https://host/posp/rest/ and nothing after it")
	case strings.ContainsFunc(base.Host, foreign):
		return nil, errors.New("acquirer url: write its host in ASCII, without a zone")
	case o.Token == nil:
		return nil, errors.New("acquirer: no token")
	}
	if _, err := pos.ParseCurrency(string(o.Currency)); err != nil {
		return nil, fmt.Errorf("acquirer currency: %w", err)
	}
	c := &Client{o: o, path: strings.TrimRight(base.EscapedPath(), "/") + "/", host: base.Host, log: o.Log, token: &secret{read: o.Token}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.o.Zone == nil {
		c.o.Zone = time.UTC
	}
	dial := dialFunc(o.Dial)
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	c.opener = opener{dial: dial, addr: net.JoinHostPort(base.Hostname(), cmp.Or(base.Port(), map[string]string{"https": "443", "http": "80"}[base.Scheme]))}
	if base.Scheme == "https" {
		c.secure = &tls.Config{ServerName: base.Hostname(), RootCAs: o.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	c.money, c.back = &lines{open: c.open, idle: idleAtMost, most: 2}, &lines{open: c.open, idle: followWithin, most: refundsAtOnce}
	return c, nil
}

// foreign reports whether a rune may not stand in a Host header as it is.
func foreign(r rune) bool { return r <= ' ' || r > '~' || r == '%' }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Close drops the connections that wait for work.
func (c *Client) Close() {
	c.money.drop()
	c.back.drop()
}

// Can states what the dialect does. It cannot be asked by our reference (2.5), a cancel must not be
// counted on to return money (7.4), and a refund is never sent twice (7.7). Settle is zero: nothing is
// known about when "not found" may be believed. Refunds may go side by side: nothing in a call counts up or
// leans on the one before (2.3), and no limit is published (7.20); a till that meets one goes back to one at
// a time. The asking pace is the vendor's own (2.8); how long a
// wallet is waited for is the wallets' (WeChat's checklist, Alipay's).
func (c *Client) Can() pos.Capabilities {
	return pos.Capabilities{
		Dialect:       "citcon-pos",
		Scans:         true,
		Presents:      true,
		Searchable:    true,
		RefundsAtOnce: refundsAtOnce,
		Currencies:    []pos.Currency{c.o.Currency},
		Wallets:       []pos.Wallet{pos.WeChat, pos.Alipay},
		Paces: map[pos.Wallet]pos.Pace{
			pos.WeChat: {Ask: 3 * time.Second, Patience: 45 * time.Second, CancelAfter: 15 * time.Second},
			pos.Alipay: {Ask: 3 * time.Second, Patience: 60 * time.Second},
		},
		Pace: pos.Pace{Ask: 3 * time.Second, Patience: 120 * time.Second}, // a QR of ours; no lifetime is published (2.9)
	}
}

// Ready signs in over a fresh connection and leaves it open for the charge that follows.
func (c *Client) Ready(ctx context.Context) error {
	c.money.drop()
	r, err := c.ask(ctx, "sign_in", url.Values{})
	if err != nil {
		return err
	}
	return c.welcomed("sign_in", r)
}

// Terminal is what Citcon says a token belongs to.
type Terminal struct {
	English  string // the shop's names
	Chinese  string
	Confirms bool // the reply named our token, as documented
}

// Initialize asks whose terminal the token is, for set-up and the doctor. It sends no version: with one,
// a code that another register uses is refused (2.5), and that is reported, never retried (7.24).
func (c *Client) Initialize(ctx context.Context) (Terminal, error) {
	r, err := c.ask(ctx, "initialize", url.Values{})
	if err != nil {
		return Terminal{}, err
	}
	if err := c.welcomed("initialize", r); err != nil {
		return Terminal{}, err
	}
	t := Terminal{English: r.text("name_eng"), Chinese: r.text("name_chn")}
	if t.English == "" {
		t.English = r.text("name_english")
	}
	token, err := c.token.get()
	t.Confirms = err == nil && strings.EqualFold(token, r.text("token"))
	return t, nil
}

// welcomed reads the reply to a call that only proves the credentials.
func (c *Client) welcomed(endpoint string, r reply) error {
	switch {
	case r.success():
		return nil
	case r.fail() && r.says(occupied):
		c.token.forget()
		return &fault{endpoint: endpoint, reason: "setup", detail: "the token is in use on another register (C-I0)", err: pos.ErrMisfit}
	case r.fail() && !r.says(doubts):
		c.token.forget()
		return &fault{endpoint: endpoint, reason: "setup", detail: "refused, code " + r.shortCode(), err: pos.ErrMisfit}
	}
	return &fault{endpoint: endpoint, reason: "busy", detail: "neither success nor a refusal of the token"}
}

// ask posts a question and reads its reply.
func (c *Client) ask(ctx context.Context, endpoint string, form url.Values) (reply, error) {
	return c.say(ctx, endpoint, form, nil)
}

// say posts a form and reads the reply, strictly.
func (c *Client) say(ctx context.Context, endpoint string, form url.Values, leaving func() error) (reply, error) {
	token, err := c.token.get()
	if err != nil {
		return reply{}, &fault{endpoint: endpoint, reason: "setup", err: fmt.Errorf("%w: %w", pos.ErrMisfit, err)}
	}
	if endpoint == "initialize" {
		form.Set("store_code", token) // documented as the same value (2.5)
	} else {
		form.Set("token", token)
	}
	if c.o.Sign != nil {
		if err := c.o.Sign(endpoint, form); err != nil {
			return reply{}, &fault{endpoint: endpoint, reason: "setup", err: err}
		}
	}
	return c.call(ctx, endpoint, form, leaving)
}

// secret is the token as last read. A refusal forgets it, so that a technician's new file is taken up
// without a restart.
type secret struct {
	read func() (string, error)
	mu   sync.Mutex
	last string
}

var errEmptyToken = errors.New("the token is empty")

func (s *secret) get() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != "" {
		return s.last, nil
	}
	read, err := s.read()
	if err != nil {
		return "", err
	}
	if s.last = strings.TrimSpace(read); s.last == "" {
		return "", errEmptyToken
	}
	return s.last, nil
}

func (s *secret) forget() {
	s.mu.Lock()
	s.last = ""
	s.mu.Unlock()
}
