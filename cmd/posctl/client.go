package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pelletier/go-toml/v2"

	"posd/pos"
)

// Limits of the conversation with the register.
const (
	answerWithin = 30 * time.Second
	longestBody  = 16 << 20
	tries        = 3
	betweenTries = 300 * time.Millisecond
)

const defaultConfig = "/etc/posd/posd.toml"

// place is where a register is, as far as its configuration says it.
type place struct {
	Listen   string       `toml:"listen"`
	Data     string       `toml:"data"`
	Currency pos.Currency `toml:"currency"`
}

// place reads the keys that lead to the register; the others are the daemon's business.
func (f *face) place() (place, error) {
	at := place{Listen: "127.0.0.1:17080", Data: "/var/lib/posd"}
	file := f.config
	if file == "" {
		file = defaultConfig
	}
	text, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return at, coded{exitPermission, err}
		}
		return at, coded{exitConfiguration, fmt.Errorf("%w; name the register's configuration with --config, or its address with --url and --token-file", err)}
	}
	if err := toml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &at); err != nil {
		return at, coded{exitConfiguration, fmt.Errorf("%s is not a configuration; posd config check says what is wrong", file)}
	}
	return at, nil
}

// register is an open way to the local API.
type register struct {
	base     string // http://127.0.0.1:17080
	token    string
	lang     string
	currency pos.Currency
	http     *http.Client
	within   time.Duration // for one answer
}

// dial finds the register and the first token among the roles that this user may read. Nothing is
// sent yet.
func (f *face) dial(roles ...string) (*register, error) {
	r := &register{lang: f.lang, within: answerWithin, http: &http.Client{
		// A register is this machine: a proxy has no business with its token.
		Transport:     &http.Transport{Proxy: nil, DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if f.url != "" {
		if f.tokenFile == "" || f.config != "" {
			return nil, coded{exitUsage, errors.New("--url goes with --token-file, and without --config")}
		}
		u, err := url.Parse(f.url)
		if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) {
			return nil, coded{exitUsage, errors.New("--url wants the register's own address, such as http://127.0.0.1:17080")}
		}
		r.base = "http://" + u.Host
		return r, r.readToken(f.tokenFile)
	}
	at, err := f.place()
	if err != nil {
		return nil, err
	}
	r.base, r.currency = "http://"+at.Listen, at.Currency
	if f.tokenFile != "" {
		return r, r.readToken(f.tokenFile)
	}
	var first error
	for _, role := range roles {
		if err = r.readToken(filepath.Join(at.Data, "tokens", role)); err == nil {
			return r, nil
		}
		if first == nil || errors.Is(err, os.ErrPermission) {
			first = err
		}
	}
	if errors.Is(first, os.ErrNotExist) {
		return nil, coded{exitUnavailable, fmt.Errorf("%w; the daemon makes the tokens when it first starts", first)}
	}
	return nil, first
}

func (r *register) readToken(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrPermission) {
		return coded{exitPermission, fmt.Errorf("%w; ask the technician to add this user to the group of that file", err)}
	}
	if err != nil {
		return err
	}
	if r.token = strings.TrimSpace(string(text)); r.token == "" || strings.ContainsAny(r.token, " \r\n") {
		return fmt.Errorf("%s holds no token", file)
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// problem is a refusal of the register.
type problem struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Say         string `json:"say"`
	Do          string `json:"do"`
	Sent        bool   `json:"sent"`
	SafeToRetry bool   `json:"safe_to_retry"`
}

func (p problem) Error() string { return p.Type }

func (p problem) exit() int {
	switch {
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden:
		return exitPermission
	case p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests:
		return exitTryAgain
	case p.Status >= 500 && p.Status != http.StatusNotImplemented:
		return exitInternal
	}
	return exitFailed
}

// unreachable is a register that does not answer.
type unreachable struct {
	address string
	err     error
}

func (u unreachable) Error() string { return "no answer from " + u.address }
func (u unreachable) Unwrap() error { return u.err }

// request makes one request; key may be empty.
func (r *register) request(ctx context.Context, method, path, key string, body any) (*http.Request, error) {
	var from io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		from = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, from)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Accept-Language", r.lang)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}

// get reads; a refusal is a problem.
func (r *register) get(ctx context.Context, path string) ([]byte, error) {
	return r.call(ctx, http.MethodGet, path, "", nil)
}

// post asks for a change. With a key it is asked again, under the same key, when the answer was lost:
// the register answers what it answered before.
func (r *register) post(ctx context.Context, path, key string, body any) ([]byte, error) {
	return r.call(ctx, http.MethodPost, path, key, body)
}

func (r *register) call(ctx context.Context, method, path, key string, body any) ([]byte, error) {
	for try := 1; ; try++ {
		text, err := r.once(ctx, method, path, key, body)
		var away unreachable
		again := errors.As(err, &away) && !errors.Is(err, syscall.ECONNREFUSED) && (key != "" || method == http.MethodGet)
		if !again || try == tries || ctx.Err() != nil {
			return text, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(betweenTries):
		}
	}
}

func (r *register) once(ctx context.Context, method, path, key string, body any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	req, err := r.request(ctx, method, path, key, body)
	if err != nil {
		return nil, err
	}
	answer, err := r.http.Do(req)
	if err != nil {
		return nil, unreachable{strings.TrimPrefix(r.base, "http://"), err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestBody))
	if err != nil {
		return nil, unreachable{strings.TrimPrefix(r.base, "http://"), err}
	}
	if answer.StatusCode/100 != 2 {
		return nil, refusal(answer.StatusCode, text)
	}
	return text, nil
}

// refusal reads a problem; whoever answers something else is not a register.
func refusal(status int, text []byte) error {
	var p problem
	if !reads(text, &p) || p.Say == "" {
		return fmt.Errorf("the answer %d is not a register's; check the address", status)
	}
	p.Status = status
	return p
}
