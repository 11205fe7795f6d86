// Posctl is the command of the cashier, the manager and the technician. It speaks only the local API
// of a register, as the POS software does, and knows nothing that the API does not say.
//
// It takes no payment code as an argument, because everybody on the machine can read those: a code
// comes from the scanner or from standard input.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"posd/pos/words"
)

// Exit codes: a contract with scripts.
const (
	exitFailed        = 1
	exitUsage         = 2
	exitUnavailable   = 69
	exitInternal      = 70
	exitTryAgain      = 75
	exitPermission    = 77
	exitConfiguration = 78
)

// coded is an error that knows its exit code; said marks one about which a person was already told.
type coded struct {
	code int
	err  error
}

func (c coded) Error() string { return c.err.Error() }
func (c coded) Unwrap() error { return c.err }

var errSaid = errors.New("already said")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	catalogue, err := words.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "posctl:", err)
		os.Exit(exitInternal)
	}
	f := &face{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, words: catalogue, zone: time.Local,
		now: time.Now, lang: catalogue.Match(tag(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")))}
	code := f.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// tag turns the first locale that is set, such as "fr_CA.UTF-8", into a language tag.
func tag(locales ...string) string {
	for _, l := range locales {
		if l != "" {
			return locale.ReplaceAllString(l, "$1-$2")
		}
	}
	return ""
}

var locale = regexp.MustCompile(`^([a-zA-Z]+)_?([a-zA-Z]*).*$`)

// face is what every command needs: where people are, and what the flags of all commands said.
type face struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	words          *words.Catalogue
	zone           *time.Location
	now            func() time.Time

	config, url, tokenFile, lang string
	json                         bool
}

// run is the whole command; it returns the exit code.
func (f *face) run(ctx context.Context, args []string) int {
	root := f.commands()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var p problem
	var away unreachable
	switch {
	case errors.Is(err, errSaid):
	case errors.As(err, &p):
		fmt.Fprintln(f.stderr, p.Say)
		if p.Do != "" {
			fmt.Fprintln(f.stderr, "  "+p.Do)
		}
	case errors.As(err, &away):
		fmt.Fprintln(f.stderr, f.say("unreachable.say", "address", away.address))
		fmt.Fprintln(f.stderr, "  "+f.say("unreachable.do"))
	default:
		fmt.Fprintln(f.stderr, "posctl:", masked(err.Error()))
	}
	return exitOf(err)
}

func exitOf(err error) int {
	var c coded
	var p problem
	var away unreachable
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &p):
		return p.exit()
	case errors.As(err, &away):
		return exitUnavailable
	case errors.Is(err, os.ErrPermission):
		return exitPermission
	}
	return exitFailed
}

// codelike is what could be a payment code that somebody typed behind a command by mistake.
var codelike = regexp.MustCompile(`[0-9]{16,}`)

func masked(text string) string { return codelike.ReplaceAllString(text, "****") }

// say gives a sentence of the commands; args are pairs of name and value.
func (f *face) say(id string, args ...string) string { return f.sentence("commands."+id, args...) }

// sentence gives any sentence of the catalogue.
func (f *face) sentence(id string, args ...string) string {
	named := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		named[args[i]] = args[i+1]
	}
	return f.words.Say(f.lang, id, named)
}

// word is a sentence where there is one, else the word itself: the API may know words that we do not.
func (f *face) word(id, itself string) string {
	if f.words.Has(id) {
		return f.sentence(id)
	}
	return itself
}
