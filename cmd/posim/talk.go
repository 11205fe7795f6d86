package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"strings"
	"time"
)

// reply is what the boutique says to one command; with --json it is one line.
type reply struct {
	Command string   `json:"command"`
	OK      bool     `json:"ok"`
	Say     string   `json:"say"`
	Ledger  []posted `json:"ledger,omitempty"`
	quit    bool
}

// verb is one thing that can be said to the boutique.
type verb struct {
	name string
	args string // as help shows them
	help string
	do   func(ctx context.Context, b *boutique, words []string) (string, error)
}

// longestWait bounds every time a command names.
const longestWait = time.Hour

// errWords means that a command was not understood.
var errWords = errors.New("not understood")

// verbs is everything that can be said, in the order help lists it.
func verbs() []verb {
	return []verb{
		{"scan", strings.Join(kinds(), "|"), "the scanner reads a fresh code of that kind", scanKind},
		{"scan", "again", "the scanner reads the last code once more", scanAgain},
		{"scan", "this TEXT", "the scanner reads exactly this", scanThis},
		{"scanner", "", "what a person noticed of the scanner last: a tone, a light", func(_ context.Context, b *boutique, words []string) (string, error) {
			if len(words) > 0 {
				return "", errWords
			}
			return b.gun.felt(), nil
		}},
		{"scanner", "deaf", "the scanner misses the register's next answer", scannerDeaf},
		{"scanner", "until TEXT DURATION", "go on as soon as a person notices that of the scanner", scannerUntil},
		{"approve", "", "the next charge is paid at once", nextCharge("approve")},
		{"password", "DURATION", "the next shopper types a password for that long", nextCharge("password")},
		{"decline", "[CODE]", "the next charge is refused", nextCharge("decline")},
		{"lost-before", "", "the next charge never reaches the acquirer", nextCharge("lost-before")},
		{"lost-after", "", "the next charge is paid, and the reply is lost", nextCharge("lost-after")},
		{"slow", "DURATION", "the next reply comes that late", nextCharge("slow")},
		{"cut", "", "the next charge is paid, and the reply breaks off in the middle", nextCharge("cut")},
		{"wrong-amount", "", "the next charge is answered with another amount", nextCharge("wrong-amount")},
		{"shopper", "confirm|refuse", "the shopper who is being waited for decides now", shopper},
		{"shopper", "scans [FILE]", "the shopper scans the QR on the display, or in a picture, and pays", scans},
		{"picture", "FILE", "write what the customer display shows as a PNG", picture},
		{"line", "down|up", "the line to the acquirer", line},
		{"history", "on|off", "whether the acquirer's history lists anything", history},
		{"pull", "scanner|display|printer", "take the cable out", pull},
		{"plug", "scanner|display|printer", "put the cable back", plug},
		{"power", "", "the customer display loses its power for a moment, with its cable in", power},
		{"display", "", "what the customer display shows", func(_ context.Context, b *boutique, _ []string) (string, error) {
			return b.screen.shows(), nil
		}},
		{"slip", "[FILE]", "what stands on the printer's paper, or a PNG of it", slip},
		{"tear", "", "take the paper that is printed", func(_ context.Context, b *boutique, _ []string) (string, error) {
			b.printer.tear()
			return "taken", nil
		}},
		{"printer", "paper|low|empty|open|closed|off|on", "what is wrong with the printer", setPrinter},
		{"ledger", "", "what the acquirer has in its books", nil},
		{"wait", "DURATION", "do nothing for that long", wait},
		{"until", "TEXT DURATION", "go on as soon as the display shows the text, at the latest after that long", until},
		{"help", "", "this list", func(context.Context, *boutique, []string) (string, error) { return help(), nil }},
		{"quit", "", "close the boutique", nil},
	}
}

func help() string {
	var b strings.Builder
	for _, v := range verbs() {
		fmt.Fprintf(&b, "  %-14s %-16s %s\n", v.name, "", v.help)
		if v.args != "" {
			fmt.Fprintf(&b, "  %-14s %s\n", "", v.args)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// carryOut does one command. It never fails as a whole: what was wrong is the reply.
func (b *boutique) carryOut(ctx context.Context, line string) reply {
	words := strings.Fields(line)
	r := reply{Command: words[0]}
	if words[0] == "scan" {
		r.Command = strings.Join(words[:min(2, len(words))], " ") // never the code itself
	}
	switch words[0] {
	case "quit", "exit":
		r.OK, r.quit, r.Say = true, true, "closed"
		return r
	case "ledger":
		r.OK, r.Ledger = true, b.bank.ledger()
		r.Say = fmt.Sprintf("%d in the books", len(r.Ledger))
		return r
	}
	for _, v := range verbs() {
		if v.name != words[0] || v.do == nil {
			continue
		}
		said, err := v.do(ctx, b, words[1:])
		if errors.Is(err, errWords) {
			continue
		}
		if err != nil {
			r.Say = err.Error()
			return r
		}
		r.OK, r.Say = true, said
		return r
	}
	r.Say = fmt.Sprintf("%q is not understood; 'help' lists what is", r.Command)
	return r
}

func scanKind(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || codes[words[0]] == nil {
		return "", errWords
	}
	return "scanned " + words[0], b.scan(codes[words[0]]())
}

func scanAgain(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || words[0] != "again" {
		return "", errWords
	}
	if b.last == "" {
		return "", errors.New("nothing was scanned yet")
	}
	return "scanned the same again", b.scan(b.last)
}

func scanThis(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) < 2 || words[0] != "this" {
		return "", errWords
	}
	return "scanned what was said", b.scan(strings.Join(words[1:], " "))
}

func scannerDeaf(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || words[0] != "deaf" {
		return "", errWords
	}
	return "deaf for once", b.gun.deaf()
}

func scannerUntil(ctx context.Context, b *boutique, words []string) (string, error) {
	if len(words) < 3 || words[0] != "until" {
		return "", errWords
	}
	return awaited(ctx, "the scanner", b.gun.felt, words[1:])
}

// nextCharge scripts what happens to the next charge, and to that one only.
func nextCharge(what string) func(context.Context, *boutique, []string) (string, error) {
	timed := what == "password" || what == "slow"
	return func(_ context.Context, b *boutique, words []string) (string, error) {
		o := outcome{what: what}
		switch {
		case timed && len(words) == 1:
			d, err := duration(words[0])
			if err != nil {
				return "", err
			}
			o.after = d
		case what == "decline" && len(words) == 1:
			o.code = words[0]
		case timed || len(words) > 0:
			return "", errWords
		}
		return "the next charge: " + strings.TrimSpace(what+" "+strings.Join(words, " ")), b.bank.next(o)
	}
}

func shopper(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || (words[0] != "confirm" && words[0] != "refuse") {
		return "", errWords
	}
	return "the shopper: " + words[0], b.bank.shopper(words[0] == "confirm")
}

func scans(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) < 1 || len(words) > 2 || words[0] != "scans" {
		return "", errWords
	}
	return "the shopper scanned and paid", b.pay(strings.Join(words[1:], ""), true)
}

func picture(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 {
		return "", errWords
	}
	shown, err := b.screen.picture()
	if err != nil {
		return "", err
	}
	f, err := os.Create(words[0])
	if err != nil {
		return "", err
	}
	return "written to " + words[0], errors.Join(png.Encode(f, shown), f.Close())
}

func slip(_ context.Context, b *boutique, words []string) (string, error) {
	switch {
	case len(words) > 1:
		return "", errWords
	case len(words) == 0 && b.printer.text() == "":
		return "nothing was printed", nil
	case len(words) == 0:
		return b.printer.text(), nil
	}
	paper, err := b.printer.picture()
	if err != nil {
		return "", err
	}
	f, err := os.Create(words[0])
	if err != nil {
		return "", err
	}
	return "written to " + words[0], errors.Join(png.Encode(f, paper), f.Close())
}

func setPrinter(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || !b.printer.set(words[0]) {
		return "", errWords
	}
	return "the printer: " + words[0], nil
}

func line(ctx context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || (words[0] != "down" && words[0] != "up") {
		return "", errWords
	}
	return "the line is " + words[0], b.line(ctx, words[0] == "up")
}

func history(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || (words[0] != "on" && words[0] != "off") {
		return "", errWords
	}
	return "the history is " + words[0], b.bank.history(words[0] == "on")
}

func pull(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || b.cables[words[0]] == nil {
		return "", errWords
	}
	return "pulled the " + words[0], b.cables[words[0]].pull()
}

func plug(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 1 || b.cables[words[0]] == nil {
		return "", errWords
	}
	return "plugged the " + words[0] + " in", b.plug(words[0])
}

func wait(ctx context.Context, _ *boutique, words []string) (string, error) {
	if len(words) != 1 {
		return "", errWords
	}
	d, err := duration(words[0])
	if err != nil {
		return "", err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return "waited " + d.String(), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func power(_ context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 0 {
		return "", errWords
	}
	greeting := b.screen.power()
	if len(greeting) == 0 { // it cannot tell anybody, and stays dark until it is told something
		return "the display was restarted", nil
	}
	return "the display was restarted", b.cables["display"].send(greeting)
}

// until waits for the display, so that a script scans when the register asks for it and not before.
func until(ctx context.Context, b *boutique, words []string) (string, error) {
	if len(words) != 2 {
		return "", errWords
	}
	return awaited(ctx, "the display", b.screen.shows, words)
}

// awaited waits until something shows all but the last of the words, at the latest for the time that it names.
func awaited(ctx context.Context, what string, shows func() string, words []string) (string, error) {
	d, err := duration(words[len(words)-1])
	if err != nil {
		return "", err
	}
	want := strings.Join(words[:len(words)-1], " ")
	late := time.NewTimer(d)
	defer late.Stop()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !strings.Contains(shows(), want) {
		select {
		case <-look.C:
		case <-late.C:
			return "", fmt.Errorf("after %v %s shows %s", d, what, shows())
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return what + " shows " + want, nil
}

// duration reads a bounded time with its unit.
func duration(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 || d > longestWait {
		return 0, fmt.Errorf("%q: write a time up to %v, such as 20s", word, longestWait)
	}
	return d, nil
}
