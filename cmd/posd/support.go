package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posd/devices"
	"posd/pos/words"
)

// Limits of a bundle: it goes by mail.
const (
	mostLog     = 4 << 20
	mostPiece   = 1 << 20
	logLines    = "5000"
	pieceWithin = 20 * time.Second
)

// piece is one file of a bundle.
type piece struct {
	name, about string
	make        func(context.Context) ([]byte, error)
	text        []byte
}

func (f *face) supportCommand() *cobra.Command {
	var out, logs string
	var list, yes bool
	cmd := &cobra.Command{Use: "support", Short: "Make one file for support: what stands where, without any payment code, token or key", Args: nothing,
		Example: "  sudo -u posd posd support --config /etc/posd/posd.toml\n  posd support --config posd.toml --list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, catalogue, err := f.load()
			if err != nil {
				return err
			}
			return f.support(cmd.Context(), l, catalogue, out, logs, list, yes)
		}}
	cmd.Flags().StringVar(&out, "out", "", "the `FILE` to make (default posd-support-REGISTER-DATE-TIME.tar.gz)")
	cmd.Flags().StringVar(&logs, "log", "", "take the daemon's log from this `FILE` and not from the system's journal")
	cmd.Flags().BoolVar(&list, "list", false, "list what would go in, and make nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask before it is made")
	return cmd
}

func (f *face) support(ctx context.Context, l loaded, catalogue *words.Catalogue, out, logs string, list, yes bool) error {
	hide, err := secretsOf(l.Config)
	if err != nil {
		return err
	}
	pieces := f.pieces(l, catalogue, logs)
	rows := [][]string{{"BYTES", "FILE", "WHAT"}}
	for i := range pieces {
		within, cancel := context.WithTimeout(ctx, pieceWithin)
		text, err := pieces[i].make(within)
		cancel()
		if err != nil {
			text = append(text, fmt.Sprintf("\n(not whole: %v)\n", err)...)
		}
		pieces[i].text = hide.from(text)
		rows = append(rows, []string{fmt.Sprint(len(pieces[i].text)), pieces[i].name, pieces[i].about})
	}
	table(f.stdout, rows)
	if list {
		return nil
	}
	if f.sits && !yes {
		w := &wizard{f: f, lines: make(chan string)}
		go w.listen(ctx)
		answer, err := w.line(ctx, "Make a file of these? Payment codes, tokens and keys are not in them", "yes")
		if err != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
			return err
		}
	}
	now := time.Now()
	if out == "" {
		out = "posd-support-" + l.Register + now.Format("-20060102-150405") + ".tar.gz"
	}
	if err := bundle(out, now, pieces); err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "\n%s is made: send it to support.\n", out)
	return nil
}

// bundle writes the pieces into one file.
func bundle(out string, now time.Time, pieces []piece) (err error) {
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return coded{exitCannotCreate, err}
	}
	packed := gzip.NewWriter(file)
	all := tar.NewWriter(packed)
	defer func() { err = errors.Join(err, all.Close(), packed.Close(), file.Close()) }()
	for _, p := range pieces {
		head := &tar.Header{Name: "posd-support/" + p.name, Mode: 0o600, Size: int64(len(p.text)), ModTime: now, Format: tar.FormatPAX}
		if err := all.WriteHeader(head); err != nil {
			return err
		}
		if _, err := all.Write(p.text); err != nil {
			return err
		}
	}
	return nil
}

// pieces is everything that goes into a bundle, in the order in which support reads it.
func (f *face) pieces(l loaded, catalogue *words.Catalogue, logs string) []piece {
	ask := func(path string) func(context.Context) ([]byte, error) {
		return func(ctx context.Context) ([]byte, error) { return askDaemon(ctx, l.Config, path) }
	}
	d := examiner(l.Config, f.parts)
	return []piece{
		{"version.json", "which posd this is", func(context.Context) ([]byte, error) {
			var b bytes.Buffer
			err := writeJSON(&b, builtFrom())
			return b.Bytes(), err
		}, nil},
		{"doctor.json", "what posd doctor finds", func(ctx context.Context) ([]byte, error) {
			var b bytes.Buffer
			err := writeJSON(&b, d.examine(ctx, catalogue, words.Fallback, nil))
			return b.Bytes(), err
		}, nil},
		{"config.json", "the configuration, secrets as paths", func(context.Context) ([]byte, error) {
			var b bytes.Buffer
			err := writeJSON(&b, struct {
				Values  []worth  `json:"values"`
				Devices []Device `json:"devices"`
			}{l.worths(), l.Devices})
			return b.Bytes(), err
		}, nil},
		{"plugged-in.json", "what is plugged in", func(context.Context) ([]byte, error) {
			var b bytes.Buffer
			var configured []devices.Config
			for _, one := range l.Devices {
				configured = append(configured, l.device(one))
			}
			err := writeJSON(&b, devices.Discover(f.parts.roots, l.products.set, configured))
			return b.Bytes(), err
		}, nil},
		{"status.json", "what the daemon says of itself", ask("/v1/status"), nil},
		{"queue.json", "what waits", ask("/v1/queue"), nil},
		{"metrics.txt", "the daemon's counters", ask("/metrics"), nil},
		{"files.txt", "the data folder: names, sizes, times, rights", func(context.Context) ([]byte, error) { return filesOf(l.Data) }, nil},
		{"machine.txt", "the operating system and its memory", machineFacts, nil},
		{"log.txt", "the daemon's log, the last of it", func(ctx context.Context) ([]byte, error) { return daemonLog(ctx, logs) }, nil},
	}
}

// askDaemon reads what a running daemon says, as a technician.
func askDaemon(ctx context.Context, cfg Config, path string) ([]byte, error) {
	token, err := os.ReadFile(filepath.Join(cfg.Data, "tokens", "technician"))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.Listen+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, errors.New("the daemon does not run")
	}
	defer answer.Body.Close()
	return io.ReadAll(io.LimitReader(answer.Body, mostPiece))
}

// filesOf lists a folder without reading any file in it.
func filesOf(dir string) ([]byte, error) {
	var b bytes.Buffer
	n := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintf(&b, "%s: %s\n", path, reason(err))
			return nil
		}
		if n++; n > 1000 {
			return filepath.SkipAll
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintf(&b, "%s %10d %s %s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), path)
		}
		return nil
	})
	return b.Bytes(), err
}

// machineFacts are what the kernel says of the machine.
func machineFacts(context.Context) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s, %d processors\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, file := range []string{"/etc/os-release", "/proc/version", "/proc/meminfo", "/proc/loadavg", "/proc/uptime", "/proc/mounts"} {
		text, err := os.ReadFile(file)
		if err == nil {
			fmt.Fprintf(&b, "\n== %s\n%s", file, text[:min(len(text), 64<<10)])
		}
	}
	return b.Bytes(), nil
}

// daemonLog is the end of the daemon's log.
func daemonLog(ctx context.Context, file string) ([]byte, error) {
	if file == "" {
		text, err := exec.CommandContext(ctx, "journalctl", "--unit", "posd", "--lines", logLines, "--no-pager", "--output", "short-iso").Output()
		return text[max(0, len(text)-mostLog):], err
	}
	from, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	if info, err := from.Stat(); err == nil && info.Size() > mostLog {
		if _, err := from.Seek(-mostLog, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(from, mostLog))
}

// hidden is what must not leave this register, in every form in which it could stand in a text.
type hidden struct{ forms [][]byte }

// secretsOf gathers the secrets of a register. One that is there and cannot be read is an error: it could not be
// looked for.
func secretsOf(cfg Config) (hidden, error) {
	files := []string{cfg.Acquirer.TokenFile, keyPath(cfg.Data)}
	tokens, err := filepath.Glob(filepath.Join(cfg.Data, "tokens", "*"))
	if err != nil {
		return hidden{}, err
	}
	var h hidden
	for _, file := range append(files, tokens...) {
		raw, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return hidden{}, coded{exitPermission, fmt.Errorf("%w: run this as the user of the register, sudo -u posd", err)}
		}
		for _, secret := range [][]byte{raw, bytes.TrimSpace(raw)} {
			if len(secret) < 4 {
				continue
			}
			h.forms = append(h.forms, secret, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
				[]byte(base64.StdEncoding.EncodeToString(secret)), []byte(base64.URLEncoding.EncodeToString(secret)),
				[]byte(base64.RawStdEncoding.EncodeToString(secret)), []byte(base64.RawURLEncoding.EncodeToString(secret)))
		}
	}
	slices.SortFunc(h.forms, func(a, b []byte) int { return len(b) - len(a) }) // the longest first: it may hold a shorter one
	return h, nil
}

// What could be a payment code, or a token in a header: nothing of the kind should stand in a log, and if it does
// all the same, it does not leave.
var (
	longDigits = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){14,}`)
	shopperEMV = regexp.MustCompile(`hQVDUFY[A-Za-z0-9+/=]*`)
	bearer     = regexp.MustCompile(`(?i)(bearer|token|authorization|api[_-]?key)(["':= ]+)[A-Za-z0-9._~+/=-]{8,}`)
)

// from takes the secrets out of a text.
func (h hidden) from(text []byte) []byte {
	for _, form := range h.forms {
		text = bytes.ReplaceAll(text, form, []byte("(hidden)"))
	}
	text = longDigits.ReplaceAllFunc(text, func(digits []byte) []byte {
		return append([]byte("****"), digits[len(digits)-4:]...)
	})
	text = shopperEMV.ReplaceAll(text, []byte("(hidden)"))
	return bearer.ReplaceAll(text, []byte("$1$2(hidden)"))
}
