package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posd/configs"
	"posd/devices"
	"posd/devices/ports"
	"posd/devices/profiles"
	"posd/devices/recording"
	"posd/pos"
)

func (f *face) recordCommand() *cobra.Command {
	var out, port string
	var length time.Duration
	cmd := &cobra.Command{Use: "record NAME", Short: "Keep what a device says in a file, while the daemon does not run; digits of codes are masked", Args: one("NAME"),
		Example: "  systemctl stop posd\n  posd record scanner --config /etc/posd/posd.toml     then scan; Ctrl-C ends it\n  posd replay scanner-20261120-143000.rec",
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.record(cmd.Context(), args[0], port, out, length)
		}}
	cmd.Flags().StringVar(&out, "out", "", "the `FILE` to make (default NAME-DATE-TIME.rec)")
	cmd.Flags().StringVar(&port, "port", "", "another `PORT` than the configured one, or a file with raw bytes")
	cmd.Flags().DurationVar(&length, "for", 0, "end after this long, such as 30s (default: until Ctrl-C)")
	return cmd
}

// one wants one word behind a command.
func one(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usage(fmt.Errorf("%s wants %s behind it; --help shows how", cmd.CommandPath(), name))
	}
}

func (f *face) record(ctx context.Context, name, port, out string, length time.Duration) (err error) {
	l, _, err := f.load()
	if err != nil {
		return err
	}
	c, err := l.named(name)
	if err != nil {
		return err
	}
	if port != "" {
		c.Port = port
	}
	info, statErr := os.Stat(c.Port)
	dump := statErr == nil && info.Mode().IsRegular()
	if !dump && (&doctor{cfg: l.Config}).serving(ctx) {
		return coded{exitTryAgain, fmt.Errorf("the daemon runs and holds %s: stop it first with: systemctl stop posd", name)}
	}
	now := time.Now()
	if out == "" {
		out = name + now.Format("-20060102-150405") + ".rec"
	}
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return coded{exitCannotCreate, err}
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := recording.WriteHead(file, headOf(c, l.profileOf(name), l.Register, now)); err != nil {
		return err
	}
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	tape := &tape{to: file, begun: now, mask: recording.NewMasker(c.Driver)}
	if dump {
		err = tape.dump(c.Port)
	} else {
		err = tape.run(ctx, c, f.stderr)
	}
	fmt.Fprintf(f.stderr, "%d bytes in %d pieces are in %s\n", tape.bytes, tape.chunks, out)
	return err
}

// named finds a configured device.
func (l loaded) named(name string) (devices.Config, error) {
	var names []string
	for _, d := range l.Devices {
		if d.Name == name {
			return l.device(d), nil
		}
		names = append(names, d.Name)
	}
	return devices.Config{}, usage(fmt.Errorf("there is no device %q; configured are: %s", name, strings.Join(names, ", ")))
}

func (l loaded) profileOf(name string) string {
	for _, d := range l.Devices {
		if d.Name == name {
			return d.Profile
		}
	}
	return ""
}

// headOf says where a recording comes from.
func headOf(c devices.Config, profile, register string, now time.Time) (h recording.Head) {
	for _, p := range [][2]string{{"register", register}, {"posd", release}, {"begun", now.UTC().Format(time.RFC3339)}, {"device", c.Name}, {"role", string(c.Role)},
		{"driver", c.Driver}, {"profile", profile}, {"port", c.Port}, {"baud", fmt.Sprint(c.Baud)}} {
		h.Set(p[0], p[1])
	}
	for _, f := range ports.List(ports.Roots{}) {
		if !ports.Is(f, c.Port) {
			continue
		}
		h.Set("usb", f.Vendor+":"+f.Product+" "+f.Maker+" "+f.Model)
		if f.Kind == pos.PortHID {
			if b, err := os.ReadFile(filepath.Join("/sys/class/hidraw", filepath.Base(f.Node), "device/report_descriptor")); err == nil {
				h.Set("descriptor", hex.EncodeToString(b))
			}
		}
	}
	return h
}

// tape writes what a device says to a file, masked.
type tape struct {
	to            io.Writer
	begun         time.Time
	mask          *recording.Masker
	bytes, chunks int
}

func (t *tape) keep(chunks []recording.Chunk) error {
	for _, c := range chunks {
		if err := recording.WriteChunk(t.to, c); err != nil {
			return err
		}
		t.bytes += len(c.B)
		t.chunks++
	}
	return nil
}

// run listens to a device that is in use as at the counter: set up, acknowledged, opened again when its cable
// comes back. Codes go nowhere; a person is told, masked, what was read.
func (t *tape) run(ctx context.Context, c devices.Config, say io.Writer) (err error) {
	heard := make(chan recording.Chunk, 1024)
	over, stop := context.WithCancel(ctx)
	desk, err := devices.New(devices.Options{Devices: []devices.Config{c}, Log: slog.New(slog.DiscardHandler),
		Heard: func(b []byte) {
			select {
			case heard <- recording.Chunk{At: time.Since(t.begun), B: append([]byte(nil), b...)}:
			case <-over.Done():
			}
		},
		Scanned: func(s pos.Scan) {
			code, family := s.Read()
			fmt.Fprintf(say, "%s  %s %s\n", s.At.Format("15:04:05"), family, code)
		},
		Tell: func(d pos.Device) {
			fmt.Fprintln(say, strings.TrimSpace(fmt.Sprintf("%s  %s is %s  %s", d.Since.Local().Format("15:04:05"), d.Name, d.State, d.LastError)))
		},
		Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {}, Text: func(pos.Prompt) []string { return []string{"posd record"} }})
	if err != nil {
		stop()
		return err
	}
	done := make(chan error, 1)
	go func() { done <- desk.Run(over) }()
	defer func() {
		stop()
		err = errors.Join(err, <-done)
		for len(heard) > 0 {
			err = errors.Join(err, t.keep(t.mask.Add(<-heard)))
		}
		err = errors.Join(err, t.keep(t.mask.Flush()))
	}()
	for t.bytes < recording.MostBytes {
		wait := time.Hour
		if due, ok := t.mask.Due(); ok {
			wait = max(0, due-time.Since(t.begun))
		}
		timer := time.NewTimer(wait)
		var ready []recording.Chunk
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case c := <-heard:
			ready = t.mask.Add(c)
		case <-timer.C:
			ready = t.mask.Flush()
		}
		timer.Stop()
		if err := t.keep(ready); err != nil {
			return err
		}
	}
	return nil
}

// dump takes a file of raw bytes for what a device said.
func (t *tape) dump(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for raw = raw[:min(len(raw), recording.MostBytes)]; len(raw) > 0; {
		n := min(len(raw), 4096)
		if err := t.keep(t.mask.Add(recording.Chunk{B: raw[:n]})); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return t.keep(t.mask.Flush())
}

func (f *face) replayCommand() *cobra.Command {
	var driver string
	cmd := &cobra.Command{Use: "replay FILE", Short: "Feed a recording to its driver and list what the register would have read", Args: one("FILE"),
		Example: "  posd replay scanner-20261120-143000.rec\n  posd replay scanner-20261120-143000.rec --driver ssi",
		RunE:    func(_ *cobra.Command, args []string) error { return f.replay(args[0], driver) }}
	cmd.Flags().StringVar(&driver, "driver", "", "another `DRIVER` than the recorded one")
	return f.withJSON(cmd)
}

// played is one row of a replay.
type played struct {
	At    int64  `json:"at_ms"`
	What  string `json:"what"`
	Text  string `json:"text"`
	AIM   string `json:"aim,omitempty"`
	Whole bool   `json:"whole"`
	Wrote string `json:"wrote,omitempty"`
}

func (f *face) replay(file, driver string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	rec, err := recording.Read(from)
	if err != nil {
		return coded{exitBroken, fmt.Errorf("%s: %w", file, err)}
	}
	c := devices.Config{Name: rec.Head.Get("device"), Role: pos.Role(rec.Head.Get("role")), Driver: rec.Head.Get("driver")}
	if p, ok, err := f.product(rec.Head.Get("profile")); err != nil {
		return err
	} else if ok && driver == "" {
		c = withSettings(c, p)
	}
	if driver != "" {
		c.Driver = driver
	}
	descriptor, err := hex.DecodeString(rec.Head.Get("descriptor"))
	if err != nil {
		return coded{exitBroken, fmt.Errorf("%s: its report descriptor is not hex", file)}
	}
	came, err := devices.Replay(c, descriptor, rec.Chunks)
	if err != nil {
		return coded{exitBroken, fmt.Errorf("%s: %w", file, err)}
	}
	list, rows := []played{}, [][]string{{"MS", "WHAT", "TEXT", "AIM", "WROTE"}}
	for _, r := range came {
		list = append(list, played{r.At.Milliseconds(), r.What, r.Text, r.AIM, r.Whole, r.Wrote})
		text := r.Text
		if r.What == "code" && !r.Whole {
			text += ", without an end"
		}
		rows = append(rows, []string{fmt.Sprint(r.At.Milliseconds()), r.What, text, r.AIM, r.Wrote})
	}
	if f.json {
		return writeJSON(f.stdout, list)
	}
	table(f.stdout, rows)
	return nil
}

// product finds a profile among those of the configuration that is named, else among the shipped ones.
func (f *face) product(name string) (p profiles.Profile, ok bool, err error) {
	if name == "" {
		return p, false, nil
	}
	set, _, err := profiles.Open(configs.Profiles(), nil, "")
	if f.config != "" {
		var l loaded
		l, _, err = f.load()
		set = l.products.set
	}
	p, ok = set.Find(name)
	return p, ok, err
}
