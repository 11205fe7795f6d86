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
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posd/pos"
	"posd/pos/acquirer/sandbox"
	"posd/pos/words"
)

// What a rehearsal sells, and how long it waits.
const (
	rehearsed      = 100 // minor units
	rehearsalToken = "0A1B2C3D"
	rehearsalCode  = "134567890123456789" // opens nothing anywhere: it is typed in where there is no scanner
	readyWithin    = 15 * time.Second
	deviceWithin   = 4 * time.Second // a display that restarts needs a moment
	scanWithin     = 110 * time.Second
	paidWithin     = 20 * time.Second
)

func (f *face) rehearseCommand() *cobra.Command {
	var slip bool
	cmd := &cobra.Command{Use: "rehearse", Short: "Take one sale with the configured devices against a simulator in this process; no money moves", Args: nothing,
		Example: "  systemctl stop posd\n  posd rehearse --config /etc/posd/posd.toml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, _, err := f.load()
			if err != nil {
				return err
			}
			return f.rehearse(cmd.Context(), l.Config, true, slip)
		}}
	cmd.Flags().BoolVar(&slip, "test-slip", false, "and print a test slip on each printer")
	return cmd
}

// rehearse runs a whole register on the real devices and on nothing else that is real: its books are in a
// folder that is removed, and its acquirer is a simulation that takes any code.
func (f *face) rehearse(ctx context.Context, cfg Config, sale, slip bool) (err error) {
	if (&doctor{cfg: cfg}).serving(ctx) {
		return coded{exitTryAgain, errors.New("the daemon runs and holds the devices: stop it first with: systemctl stop posd")}
	}
	dir, err := os.MkdirTemp("", "posd-rehearsal-")
	if err != nil {
		return coded{exitCannotCreate, err}
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	acquirer, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	bank := &http.Server{Handler: sandbox.New(sandbox.Options{Token: rehearsalToken, Currency: cfg.Currency}), ReadHeaderTimeout: time.Minute}
	go func() { _ = bank.Serve(acquirer) }() // ends with Close
	defer func() { err = errors.Join(err, bank.Close()) }()

	if cfg, err = rehearsal(ctx, cfg, dir, acquirer.Addr().String()); err != nil {
		return err
	}
	var log bytes.Buffer
	served := make(chan error, 1)
	go func() { served <- serve(ctx, cfg, &log) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	r := &rehearser{f: f, base: "http://" + cfg.Listen, cfg: cfg}
	if err := r.open(ctx, served); err != nil {
		return err
	}
	scanner, err := r.devices(ctx)
	if err == nil && sale {
		err = r.sell(ctx, scanner)
	}
	if err == nil && slip {
		err = r.slips(ctx)
	}
	return err
}

// rehearsal is the configuration with everything in it that is not a device led elsewhere.
func rehearsal(ctx context.Context, cfg Config, dir, acquirer string) (Config, error) {
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(rehearsalToken), 0o600); err != nil {
		return cfg, coded{exitCannotCreate, err}
	}
	free, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return cfg, err
	}
	cfg.Listen, cfg.Data, cfg.Backup.Folder = free.Addr().String(), filepath.Join(dir, "data"), ""
	cfg.Acquirer.URL, cfg.Acquirer.TokenFile, cfg.Acquirer.CAFile = "http://"+acquirer+"/posp/rest/", token, ""
	cfg.Printer.Paid = false // paper of a sale that never was looks like any other
	return cfg, free.Close()
}

// rehearser is a cashier at the rehearsal.
type rehearser struct {
	f           *face
	base, token string
	cfg         Config
}

// open waits until the register takes sales.
func (r *rehearser) open(ctx context.Context, served <-chan error) error {
	for late := time.Now().Add(readyWithin); ; {
		b, err := os.ReadFile(filepath.Join(r.cfg.Data, "tokens", "cashier"))
		if err == nil {
			r.token = strings.TrimSpace(string(b))
			if err := r.call(ctx, http.MethodGet, "/readyz", nil, nil); err == nil {
				return nil
			}
		}
		select {
		case err := <-served:
			return fmt.Errorf("the register did not start: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(late) {
			return errors.New("the register did not become ready")
		}
	}
}

func (r *rehearser) say(format string, args ...any) { fmt.Fprintf(r.f.stdout, format+"\n", args...) }

// sell takes the sale, and tells a person what is going on.
func (r *rehearser) sell(ctx context.Context, scanner bool) error {
	var sale struct{ ID, Status, Say string }
	price := pos.Amount{Minor: rehearsed, Currency: r.cfg.Currency}
	if err := r.call(ctx, http.MethodPost, "/v1/sales", map[string]any{"amount": rehearsed, "currency": r.cfg.Currency, "ticket": "TEST"}, &sale); err != nil {
		return err
	}
	body, wait, hint := map[string]string{}, scanWithin, "A test sale of %s: scan any Alipay or WeChat Pay code. The simulator takes it; no money moves."
	if !scanner {
		body["code"], wait, hint = rehearsalCode, paidWithin, "A test sale of %s. There is no scanner that is ready, so a code is typed in."
	}
	if err := r.call(ctx, http.MethodPost, "/v1/sales/"+sale.ID+"/scan", body, &sale); err != nil {
		return err
	}
	r.say(hint, price) // only now: a code that is scanned before the scanner is armed counts for nothing
	last := ""
	for late := time.Now().Add(wait); time.Now().Before(late); {
		if err := r.call(ctx, http.MethodGet, "/v1/sales/"+sale.ID, nil, &sale); err != nil {
			return err
		}
		if sale.Status != last {
			r.say("  %-10s %s", sale.Status, sale.Say)
			last = sale.Status
		}
		if sale.Status == "paid" {
			r.say("The test sale was paid. A display that works shows its thanks.")
			return r.linger(ctx)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return coded{exitFailed, errors.New("the test sale was not paid: try the scanner with posd record NAME, and look at posd doctor")}
}

// slips prints a test slip on every printer, and tells what each said.
func (r *rehearser) slips(ctx context.Context) error {
	token, err := os.ReadFile(filepath.Join(r.cfg.Data, "tokens", "technician"))
	if err != nil {
		return err
	}
	r.token = strings.TrimSpace(string(token))
	for _, d := range r.cfg.Devices {
		if d.Role != pos.RolePrinter {
			continue
		}
		var came struct{ Result, Say, Ask, Do string }
		if err := r.call(ctx, http.MethodPost, "/v1/devices/"+url.PathEscape(d.Name)+"/test", map[string]string{}, &came); err != nil {
			return err
		}
		r.say("%s", came.Say)
		for _, more := range []string{came.Ask, came.Do} {
			if more != "" {
				r.say("  %s", more)
			}
		}
		if came.Result != "ok" {
			return coded{exitFailed, errors.New("the test slip was not printed")}
		}
	}
	return nil
}

// linger leaves the thanks on the display for a moment when a person looks.
func (r *rehearser) linger(ctx context.Context) error {
	if !r.f.sits {
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
	}
	return nil
}

// devices gives every device a moment to be ready, says how each stands, and whether a scanner is ready.
func (r *rehearser) devices(ctx context.Context) (scanner bool, err error) {
	var list struct{ Items []pos.Device }
	for late := time.Now().Add(deviceWithin); ; {
		if err := r.call(ctx, http.MethodGet, "/v1/devices", nil, &list); err != nil {
			return false, err
		}
		ready := 0
		for _, d := range list.Items {
			if d.State == pos.DeviceReady {
				ready++
			}
		}
		if ready == len(list.Items) || time.Now().After(late) {
			break
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	for _, d := range list.Items {
		r.say("  %-10s %-8s %s", d.Name, d.State, d.LastError)
		scanner = scanner || (d.Role == pos.RoleScanner && d.State == pos.DeviceReady)
	}
	return scanner, nil
}

// call speaks the local API as any client does.
func (r *rehearser) call(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, printWithin)
	defer cancel()
	var from io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		from = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, from)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Language", words.Fallback)
	req.Header.Set("Idempotency-Key", "rehearsal")
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case answer.StatusCode/100 != 2:
		var p struct{ Type, Say string }
		_ = json.Unmarshal(text, &p) // what is no problem document has no words for a person
		return fmt.Errorf("%s: %d %s %s", path, answer.StatusCode, p.Type, p.Say)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
