// posim is a boutique on a laptop: a simulated acquirer with scripted faults, and a scanner, a
// customer display and a slip printer on pseudo-terminals, so that a register can be tried without any of them.
//
// It moves no money and knows no real acquirer. It serves loopback only, because whoever reaches it
// decides what is paid.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"posd/pos"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// longestLine bounds one command.
const longestLine = 8 << 10

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// voice is how the boutique talks back.
type voice struct {
	out  io.Writer
	json bool
}

func (v voice) ready(at places) {
	if v.json {
		v.line(at)
		return
	}
	fmt.Fprintf(v.out, "acquirer    %s\ntoken file  %s\nscanner     %s\ndisplay     %s\nprinter     %s\n",
		at.Acquirer, at.TokenFile, at.Scanner, at.Display, at.Printer)
}

func (v voice) say(r reply) {
	if v.json {
		v.line(r)
		return
	}
	if !r.OK {
		r.Say = "cannot: " + r.Say
	}
	fmt.Fprintln(v.out, r.Say)
	for _, p := range r.Ledger {
		fmt.Fprintf(v.out, "  %-10s %14s  %-8s refunded %s  %s  %s\n", p.State, pos.Amount{Minor: p.Amount, Currency: p.Currency},
			p.Wallet, pos.Amount{Minor: p.Refunded, Currency: p.Currency}, p.ID, p.Reference)
	}
}

func (v voice) line(what any) {
	text, err := json.Marshal(what)
	if err != nil {
		text = []byte(`{"ok":false,"say":"` + err.Error() + `"}`)
	}
	fmt.Fprintf(v.out, "%s\n", text)
}

// run opens the boutique, plays the script, talks with whoever sits at the terminal, and closes it
// when told to or when ctx ends.
func run(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("posim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:0", "where the simulated acquirer listens; loopback only")
	dir := flags.String("dir", "", "folder for the device links and the token file (default: a temporary one)")
	asJSON := flags.Bool("json", false, "say where everything is, and every reply, as one line of JSON")
	display := flags.String("display", "text", "the customer display: text, cd5220 or epson; with a QR: nextion, dwin or bonrix")
	scanner := flags.String("scanner", "line", "the scanner: line, ack (waits to hear what became of each code), ssi (Zebra's packets), hidpos or evdev")
	script := flags.String("script", "", "play the commands in this file first; - is standard input")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "posim [--listen ADDR] [--dir DIR] [--display text|nextion|dwin|...] [--scanner line|ack|ssi|hidpos|evdev] [--json] [--script FILE]\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(stderr, "\nCommands, in a script or at the prompt:\n%s\n", help())
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "posim: %q: posim takes options only\n", flags.Arg(0))
		return exitUsage
	}
	if *dir == "" {
		made, err := os.MkdirTemp("", "posim-")
		if err != nil {
			fmt.Fprintln(stderr, "posim:", err)
			return exitFailed
		}
		defer os.RemoveAll(made)
		*dir = made
	}
	b, err := open(ctx, *listen, *dir, *display, *scanner)
	if err != nil {
		fmt.Fprintln(stderr, "posim:", err)
		return exitFailed
	}
	v := voice{stdout, *asJSON}
	v.ready(b.places)
	err = play(ctx, b, v, *script, stdin)
	if err = errors.Join(err, b.close()); err != nil {
		fmt.Fprintln(stderr, "posim:", err)
		return exitFailed
	}
	return 0
}

// play follows the script, then the person if there is one, then serves until ctx ends.
func play(ctx context.Context, b *boutique, v voice, script string, stdin *os.File) error {
	from := stdin
	if script != "" && script != "-" {
		file, err := os.Open(filepath.Clean(script))
		if err != nil {
			return err
		}
		defer file.Close()
		from = file
	}
	if script != "" {
		if quit, err := follow(ctx, b, v, from, ""); quit || err != nil {
			return err
		}
	}
	if script != "-" && terminal(stdin) {
		fmt.Fprintln(v.out, "'help' lists the commands.")
		_, err := follow(ctx, b, v, stdin, "boutique> ")
		return err
	}
	<-ctx.Done()
	return nil
}

// follow carries out commands, one a line, until there are no more, one says quit, or ctx ends. The
// goroutine that reads ends with the input or with the process: a terminal cannot be interrupted.
func follow(ctx context.Context, b *boutique, v voice, from io.Reader, prompt string) (quit bool, err error) {
	lines := make(chan string)
	ended := make(chan error, 1)
	go func() {
		s := bufio.NewScanner(from)
		s.Buffer(nil, longestLine)
		for s.Scan() {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
		ended <- s.Err()
	}()
	for {
		if prompt != "" {
			fmt.Fprint(v.out, prompt)
		}
		select {
		case <-ctx.Done():
			return true, nil
		case err := <-ended:
			return false, err
		case line := <-lines:
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			r := b.carryOut(ctx, line)
			v.say(r)
			if r.quit {
				return true, nil
			}
		}
	}
}
