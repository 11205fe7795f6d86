package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"posd/configs"
	"posd/pos"
)

// question is one thing that a machine cannot know of itself. Each is a flag too, under its own name.
type question struct {
	key, flag, ask string
	guess          func(w *wizard) string // an answer to offer; one that the machine knows for certain is not asked for
	certain        bool
}

// questions is everything there is to ask, in the order in which a technician has it at hand.
func questions() []question {
	none := func(*wizard) string { return "" }
	return []question{
		{"store", "store", "The store's short name, as it stands on reports", none, false},
		{"register", "register", "This register's own name, never given to another one", func(w *wizard) string { return nextTo(w.values["store"]) }, false},
		{"timezone", "timezone", "The store's time zone, such as America/New_York", func(*wizard) string { return machineZone("/etc/localtime") }, true},
		{"currency", "currency", "The currency of the till", func(w *wizard) string { return zoneCurrency("/usr/share/zoneinfo/zone.tab", w.values["timezone"]) }, true},
		{"data", "data", "The folder of the register file", func(*wizard) string { return "/var/lib/posd" }, true},
		{"listen", "listen", "Where the local API listens", func(*wizard) string { return "127.0.0.1:17080" }, true},
		{"acquirer.url", "acquirer", "The acquirer: test, live, or an address", func(*wizard) string { return "test" }, false},
		{"acquirer.token_file", "token-file", "The file with the acquirer's token (made if it is not there)", func(w *wizard) string { return filepath.Join(filepath.Dir(w.file), "citcon.token") }, false},
	}
}

// nextTo proposes a register's name beside its store's.
func nextTo(store string) string {
	if name := store + "-01"; store != "" && shapeRegister.MatchString(name) {
		return name
	}
	return ""
}

// Short words for the acquirer's two worlds.
var worlds = map[string]string{"test": "https://uat.citconpay.com/posp/rest/", "live": "https://citconpay.com/posp/rest/"}

// wizard gathers the answers. What is asked and what is answered are lines, so that it works on any terminal.
type wizard struct {
	f       *face
	file    string
	values  map[string]string
	devices []Device
	lines   chan string // what a person types; nil where nobody sits
	known   known
}

func (f *face) setupCommand() *cobra.Command {
	var force, yes, sale, slip bool
	var languages, scanner, display, printer string
	given := map[string]*string{}
	cmd := &cobra.Command{Use: "setup", Short: "Put a register into service: asks only for what it cannot find out, and writes the configuration", Args: nothing,
		Example: "  posd setup --config /etc/posd/posd.toml\n" +
			"  posd setup --config posd.toml --store NYC5AV --register NYC5AV-03 --timezone America/New_York --currency USD --acquirer test --token-file /etc/posd/citcon.token"}
	for _, q := range questions() {
		given[q.key] = cmd.Flags().String(q.flag, "", strings.ToLower(q.ask[:1])+q.ask[1:])
	}
	cmd.Flags().StringVar(&languages, "languages", "en,zh-Hans", "the cashier's language, then the shopper's: en, fr-CA, zh-Hans")
	cmd.Flags().StringVar(&scanner, "scanner", "", "its `PORT[=PROFILE or DRIVER]`; none; or auto for the only one that is recognised")
	cmd.Flags().StringVar(&display, "display", "", "the same for the customer display")
	cmd.Flags().StringVar(&printer, "printer", "", "the same for the slip printer")
	cmd.Flags().BoolVar(&force, "force", false, "write over a configuration that is there; the old one is kept beside it as .old")
	cmd.Flags().BoolVar(&yes, "yes", false, "take what is offered, and ask only for what has no offer")
	cmd.Flags().BoolVar(&sale, "test-sale", false, "end with a test sale without asking; no money moves")
	cmd.Flags().BoolVar(&slip, "test-slip", false, "and with a test slip on the printer")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		w := &wizard{f: f, file: f.config, values: map[string]string{}}
		if w.file == "" {
			w.file = defaultConfig
		}
		if _, err := os.Stat(w.file); err == nil && !force {
			return coded{exitCannotCreate, fmt.Errorf("%s is there: look at it with posd config check, or write another one over it with --force", w.file)}
		}
		for key, text := range given {
			if *text != "" {
				w.values[key] = *text
			}
		}
		w.values["languages"] = languages
		return w.run(cmd.Context(), map[pos.Role]string{pos.RoleScanner: scanner, pos.RoleDisplay: display, pos.RolePrinter: printer}, yes, sale, slip)
	}
	return cmd
}

func (w *wizard) run(ctx context.Context, wanted map[pos.Role]string, yes, sale, slip bool) error {
	var err error
	if w.known, err = w.f.abilities(); err != nil {
		return err
	}
	if w.f.sits {
		w.lines = make(chan string)
		go w.listen(ctx)
	}
	if err := w.ask(ctx, yes); err != nil {
		return err
	}
	if err := w.findDevices(ctx, wanted, yes); err != nil {
		return err
	}
	l, err := w.load(w.text())
	if err != nil {
		return err
	}
	if err := w.write(w.text()); err != nil {
		return err
	}
	w.say("\n%s is written and sound.", w.file)
	agrees := func(to string) (bool, error) {
		if !w.f.sits || yes {
			return false, nil
		}
		answer, err := w.line(ctx, to, "yes")
		return strings.HasPrefix(strings.ToLower(answer), "y"), err
	}
	if !sale {
		if sale, err = agrees("Take a test sale with these devices against a simulator now? No money moves"); err != nil {
			return err
		}
	}
	if printer := slices.ContainsFunc(w.devices, func(d Device) bool { return d.Role == pos.RolePrinter }); printer && !slip {
		if slip, err = agrees("Print a test slip now?"); err != nil {
			return err
		}
	}
	if sale || slip {
		if err := w.f.rehearse(ctx, l.Config, sale, slip); err != nil {
			return err
		}
	}
	w.say("\nNext:\n  posd doctor --config %[1]s      what else could be in the way\n  posd serve --config %[1]s       serve the counter, or: systemctl enable --now posd", w.file)
	if !sale {
		w.say("  posd rehearse --config %s    a test sale against a simulator", w.file)
	}
	return nil
}

func (w *wizard) say(format string, args ...any) { fmt.Fprintf(w.f.stdout, format+"\n", args...) }

// listen hands over what a person types, line by line. It ends with the input or with the process: a terminal
// cannot be interrupted.
func (w *wizard) listen(ctx context.Context) {
	defer close(w.lines)
	s := bufio.NewScanner(w.f.stdin)
	for s.Scan() {
		select {
		case w.lines <- strings.TrimSpace(s.Text()):
		case <-ctx.Done():
			return
		}
	}
}

// line asks once. An empty answer is the offer.
func (w *wizard) line(ctx context.Context, ask, offer string) (string, error) {
	if offer != "" {
		ask += " [" + offer + "]"
	}
	fmt.Fprint(w.f.stdout, ask+": ")
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case text, ok := <-w.lines:
		if !ok {
			return "", usage(errors.New("the input ended before every question was answered"))
		}
		if text == "" {
			text = offer
		}
		return text, nil
	}
}

// ask goes through the questions that no flag answered. Without a person, what cannot be found out is missing.
func (w *wizard) ask(ctx context.Context, yes bool) error {
	var missing []string
	for _, q := range questions() {
		given, offer := w.values[q.key], ""
		if given == "" {
			offer = q.guess(w)
		}
		switch {
		case given != "":
			if why := w.wrong(ctx, q.key, given, false); why != "" {
				return usage(fmt.Errorf("--%s %s: %s", q.flag, given, why))
			}
			continue
		case offer != "" && (q.certain || yes) && w.wrong(ctx, q.key, offer, w.f.sits) == "":
			continue
		case !w.f.sits:
			missing = append(missing, "--"+q.flag)
			continue
		}
		for {
			answer, err := w.line(ctx, q.ask, offer)
			if err != nil {
				return err
			}
			if why := w.wrong(ctx, q.key, answer, true); why != "" {
				w.say("  %s", why)
				continue
			}
			break
		}
	}
	if len(missing) > 0 {
		return usage(fmt.Errorf("nobody can be asked here: say it with %s (posd setup --help explains them)", strings.Join(missing, ", ")))
	}
	return nil
}

// wrong tries an answer and says what is wrong with it; a right one is kept. A token that is not there yet is
// asked for where somebody can be asked, and goes straight into its file.
func (w *wizard) wrong(ctx context.Context, key, answer string, mayAsk bool) string {
	if url, ok := worlds[answer]; ok && key == "acquirer.url" {
		answer = url
	}
	if key == "acquirer.token_file" {
		if whole, err := filepath.Abs(answer); err == nil && answer != "" {
			answer = whole
		}
		if _, err := os.Stat(answer); errors.Is(err, os.ErrNotExist) && mayAsk && answer != "" {
			if err := w.token(ctx, answer); err != nil {
				return err.Error()
			}
		}
	}
	if strings.ContainsFunc(answer, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		return "holds a character that cannot be printed"
	}
	before, had := w.values[key]
	w.values[key] = answer
	_, err := w.load(w.text())
	var faults Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			if f.Key == key {
				if delete(w.values, key); had && before != answer {
					w.values[key] = before
				}
				return f.Why + "; " + f.Remedy
			}
		}
	}
	return ""
}

// token asks for the secret without showing it, and writes it where only this user reads it.
func (w *wizard) token(ctx context.Context, file string) error {
	show := hide(w.f.stdin)
	defer show()
	text, err := w.line(ctx, "The acquirer's token of this register (it is not shown)", "")
	w.say("")
	if err != nil {
		return err
	}
	if text == "" {
		return errors.New("there is no token: name a file that holds it")
	}
	to, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = to.WriteString(text + "\n")
	if err = errors.Join(err, to.Sync()); err == nil {
		hand(to, 0o600)
	}
	return errors.Join(err, to.Close())
}

// load checks a text as the daemon would.
func (w *wizard) load(text string) (loaded, error) {
	dir, err := os.MkdirTemp("", "posd-setup-")
	if err != nil {
		return loaded{}, coded{exitCannotCreate, err}
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "posd.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return loaded{}, coded{exitCannotCreate, err}
	}
	return loadConfig(file, nil, w.known)
}

// keyLine is a key of the default configuration with its value.
var keyLine = regexp.MustCompile(`^([a-z_]+) = .*$`)

// text is the default configuration, comments and all, with the answers in it and the devices behind it.
func (w *wizard) text() string {
	var b strings.Builder
	section := ""
	for line := range strings.Lines(string(configs.Default())) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]") + "."
		}
		if parts := keyLine.FindStringSubmatch(line); parts != nil {
			if value, ok := w.values[section+parts[1]]; ok {
				line = parts[1] + " = " + literal(section+parts[1], value)
			}
		}
		b.WriteString(strings.Replace(line, "# EDIT. ", "# ", 1) + "\n")
	}
	for _, d := range w.devices {
		fmt.Fprintf(&b, "\n[[device]]\nname = %q\nrole = %q\n", d.Name, d.Role)
		if d.Profile != "" {
			fmt.Fprintf(&b, "profile = %q\n", d.Profile)
		} else {
			fmt.Fprintf(&b, "driver = %q\n", d.Driver)
		}
		fmt.Fprintf(&b, "port = %q\n", d.Port)
		if d.Baud != 0 {
			fmt.Fprintf(&b, "baud = %d\n", d.Baud)
		}
	}
	return b.String()
}

// literal writes a value as TOML. Go's quotes are TOML's for everything that a key may hold.
func literal(key, value string) string {
	if key != "languages" {
		return strconv.Quote(value)
	}
	var quoted []string
	for l := range strings.SplitSeq(value, ",") {
		quoted = append(quoted, strconv.Quote(strings.TrimSpace(l)))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// write puts the file in place in one step. One that is there is kept.
func (w *wizard) write(text string) error {
	if dir := filepath.Dir(w.file); !exists(dir) {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return coded{exitCannotCreate, err}
		}
		made, err := os.Open(dir)
		if err != nil {
			return coded{exitCannotCreate, err}
		}
		hand(made, 0o750) // else the daemon could not look into it
		_ = made.Close()
	}
	tmp, err := os.CreateTemp(filepath.Dir(w.file), ".posd-setup-")
	if err != nil {
		return coded{exitCannotCreate, err}
	}
	defer os.RemoveAll(tmp.Name())
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Sync()); err == nil {
		hand(tmp, 0o640)
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return coded{exitCannotCreate, err}
	}
	if _, err := os.Stat(w.file); err == nil {
		if err := os.Rename(w.file, w.file+".old"); err != nil {
			return coded{exitCannotCreate, err}
		}
		w.say("\nThe old configuration is kept as %s.old.", w.file)
	}
	if err := os.Rename(tmp.Name(), w.file); err != nil {
		return coded{exitCannotCreate, err}
	}
	return nil
}

// hand gives an open file to the user that the daemon runs as, where root sets up a machine that has one. A name would
// not do: in the daemon's folder its user could put another file under it meanwhile.
func hand(file *os.File, mode os.FileMode) {
	u, err := user.Lookup("posd")
	if err != nil || os.Geteuid() != 0 {
		return // it stays this user's alone
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if file.Chown(uid, gid) == nil {
		_ = file.Chmod(mode) // it stays tighter then
	}
}
