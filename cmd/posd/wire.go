package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"posd/devices"
	"posd/pos"
	"posd/pos/acquirer/citcon"
	"posd/pos/till"
	"posd/pos/words"
)

// dialects is every acquirer there is.
func dialects() map[string]func(Config, *slog.Logger) (pos.Acquirer, error) {
	return map[string]func(Config, *slog.Logger) (pos.Acquirer, error){"citcon-pos": citconPOS}
}

func citconPOS(cfg Config, log *slog.Logger) (pos.Acquirer, error) {
	var roots *x509.CertPool
	if cfg.Acquirer.CAFile != "" {
		pem, err := os.ReadFile(cfg.Acquirer.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s holds no certificate in PEM", cfg.Acquirer.CAFile)
		}
	}
	return citcon.New(citcon.Options{URL: cfg.Acquirer.URL, Zone: cfg.Calendar().Zone, Currency: cfg.Currency, Roots: roots, Log: log,
		Token: func() (string, error) {
			b, err := os.ReadFile(cfg.Acquirer.TokenFile)
			return string(b), err
		}})
}

// journalFile is where the journal lies.
func journalFile(cfg Config) string { return filepath.Join(cfg.Data, registerFile) }

// keyPath is where the register's key lies: among the credentials that systemd hands over, or with the data.
func keyPath(data string) string {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		if path := filepath.Join(dir, "register.key"); exists(path) {
			return path
		}
	}
	return filepath.Join(data, "register.key")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// desk is the configured hardware as the desk knows it.
func (c Config) desk() []devices.Config {
	var list []devices.Config
	for _, d := range c.Devices {
		list = append(list, c.device(d))
	}
	return list
}

// lines is a prompt for a display that shows plain text: the shopper's language first, then the cashier's. A
// display that shows no QR says where one is.
func lines(w *words.Catalogue, languages []string, store string, p pos.Prompt) []string {
	var out []string
	second := "line2"
	if p.Kind == pos.PromptQR && p.QR == "" {
		second = "elsewhere"
	}
	for i := len(languages) - 1; i >= 0; i-- {
		args := map[string]string{"store": store, "amount": p.Amount.Format(languages[i]), "seconds": fmt.Sprint(p.Seconds)}
		if i < len(languages)-1 && languages[i] == languages[len(languages)-1] {
			continue
		}
		for _, line := range []string{"line1", second} {
			out = append(out, w.Say(languages[i], "prompt."+string(p.Kind)+"."+line, args))
		}
	}
	return out
}

// hints is a prompt for a display of two short lines: the shopper's language first, then the cashier's, and English,
// which every display can write.
func hints(w *words.Catalogue, languages []string, p pos.Prompt) (out []string) {
	for _, l := range slices.Backward(languages) {
		out = append(out, w.Say(l, "prompt."+string(p.Kind)+".hint", nil))
	}
	return append(out, w.Say(words.Fallback, "prompt."+string(p.Kind)+".hint", nil))
}

// onceEach is a sentence in the shopper's language and in the cashier's, once where they are the same.
func onceEach(w *words.Catalogue, languages []string, id string) (out []string) {
	for _, l := range slices.Backward(languages) {
		if s := w.Say(l, id, nil); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// whileStarting is how much may be allocated before memory is collected, in percent of what is held. A start makes several times
// as much rubbish as it keeps: collected often, what is kept stands close together, and an idle register is smaller for good.
const whileStarting = 25

// begin collects more often until the start is over.
func begin() (over func()) {
	usual := debug.SetGCPercent(whileStarting)
	return sync.OnceFunc(func() {
		debug.SetGCPercent(usual)
		debug.FreeOSMemory() // what only the start needed: catalogues, the resumed file
	})
}

// watchdog tells systemd that the register serves, and then, at half of what systemd allows, that the
// till's goroutine still turns. A till that hangs is not reported, so systemd restarts the daemon.
func watchdog(ctx context.Context, counter *till.Till, started func()) error {
	if !counter.Alive(ctx) { // it takes its first turn when the file has been read and every attempt resumed
		return nil
	}
	started()
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	allowed, err := daemon.SdWatchdogEnabled(false)
	if err != nil || allowed == 0 {
		<-ctx.Done()
		return err
	}
	beat := time.NewTicker(allowed / 2)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			bound, cancel := context.WithTimeout(ctx, allowed/2)
			alive := counter.Alive(bound)
			cancel()
			if !alive {
				continue
			}
			if _, err := daemon.SdNotify(false, daemon.SdNotifyWatchdog); err != nil {
				return fmt.Errorf("notify systemd: %w", err)
			}
		}
	}
}
