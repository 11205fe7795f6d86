package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posd/pos"
	"posd/pos/api"
	"posd/pos/words"
)

// checkWithin bounds one check: a register with a dead network is looked at too.
const checkWithin = 15 * time.Second

// The results of a check.
const (
	wentWell = "ok"
	worrying = "warn"
	broken   = "fail"
	skipped  = "skip"
)

// finding is what one check found. Its sentences stand in the catalogue under doctor.CHECK.WHAT.
type finding struct {
	result, what string
	args         []string // pairs of name and value
}

// row is a finding as people and programs read it.
type row struct {
	Result  string `json:"result"`
	Check   string `json:"check"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// doctor looks at a machine for everything that could keep a register from its work. It changes
// nothing but for a file that it makes and removes in the data folder.
type doctor struct {
	cfg      Config
	parts    parts
	now      time.Time
	user     string
	root     bool                   // the superuser, who may do everything
	memberOf []string               // the user's groups
	rules    []string               // where the udev rules may lie
	proc     string                 // the table of processes
	mayOpen  func(path string) bool // for reading and writing
	groupOf  func(path string) string
	storeOf  func(path string) (disk, error)
	keptTime func() (kept, known bool) // whether a time service keeps the clock

	within bool // the daemon looks at itself
	lost   bool // a hop of the way to the acquirer failed
}

// checks lists every check there is, in the order in which a technician should read them.
func (d *doctor) checks() []struct {
	name string
	do   func(context.Context) []finding
} {
	return []struct {
		name string
		do   func(context.Context) []finding
	}{
		{"configuration", func(context.Context) []finding { return []finding{{wentWell, "sound", nil}} }},
		{"secrets", d.secrets},
		{"groups", d.groups},
		{"data", d.data},
		{"drive", d.drive},
		{"clock", d.clock},
		{"journal", d.journal},
		{"queue", d.queue},
		{"backup", d.backups},
		{"ports", d.plugged},
		{"scanner", func(context.Context) []finding { return d.ports(pos.RoleScanner) }},
		{"display", func(context.Context) []finding { return d.ports(pos.RoleDisplay) }},
		{"printer", func(context.Context) []finding { return d.ports(pos.RolePrinter) }},
		{"dns", d.dns},
		{"acquirer", d.acquirer},
		{"tls", d.tls},
		{"sign_in", d.signIn},
	}
}

func (f *face) doctorCommand() *cobra.Command {
	var lang string
	cmd := &cobra.Command{Use: "doctor", Short: "Look for everything that could keep this register from its work, each with its fix", Args: nothing,
		Example: "  sudo -u posd posd doctor --config /etc/posd/posd.toml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.doctor(cmd.Context(), lang) }}
	cmd.Flags().StringVar(&lang, "lang", words.Fallback, "the `LANGUAGE` to speak: en, fr-CA, zh-Hans")
	return f.withJSON(cmd)
}

func (f *face) doctor(ctx context.Context, lang string) error {
	l, catalogue, err := f.load()
	var faults Faults
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	d := examiner(l.Config, f.parts)
	rows := d.examine(ctx, catalogue, lang, faults)
	if err := f.report(catalogue, lang, rows); err != nil {
		return err
	}
	if len(faults) > 0 {
		return coded{exitConfiguration, errSaid}
	}
	for _, r := range rows {
		if r.Result == broken {
			return coded{exitFailed, errSaid}
		}
	}
	return nil
}

// examiner is a doctor on this machine, as the user that asks.
func examiner(cfg Config, p parts) *doctor {
	return &doctor{cfg: cfg, parts: p, now: time.Now(), user: userName(), root: userID() == 0, memberOf: memberOf(), proc: "/proc",
		rules:   []string{"/etc/udev/rules.d/70-posd.rules", "/usr/lib/udev/rules.d/70-posd.rules", "/lib/udev/rules.d/70-posd.rules"},
		mayOpen: mayOpen, groupOf: groupOf, storeOf: diskOf, keptTime: keptTime}
}

// looks is the doctor of a running daemon, for its technician's page.
func looks(cfg Config, catalogue *words.Catalogue) func(context.Context, string) []api.Check {
	return func(ctx context.Context, lang string) (list []api.Check) {
		d := examiner(cfg, house())
		d.within = true
		for _, r := range d.examine(ctx, catalogue, lang, nil) {
			list = append(list, api.Check(r))
		}
		return list
	}
}

// examine runs every check. Without a sound configuration the others have nothing to look at.
func (d *doctor) examine(ctx context.Context, catalogue *words.Catalogue, lang string, faults Faults) (rows []row) {
	for _, c := range d.checks() {
		if d.within && (c.name == "journal" || c.name == "groups") {
			continue // the journal would be read whole beside a payment; who runs the daemon is settled
		}
		name := catalogue.Say(lang, "doctor.check."+c.name, nil)
		switch {
		case len(faults) > 0 && c.name == "configuration":
			for _, f := range faults {
				rows = append(rows, row{broken, name, strings.TrimSuffix(f.String(), "; "+f.Remedy), f.Remedy})
			}
			continue
		case len(faults) > 0:
			rows = append(rows, row{skipped, name, catalogue.Say(lang, "doctor.skipped.say", nil), ""})
			continue
		}
		within, cancel := context.WithTimeout(ctx, checkWithin)
		for _, f := range c.do(within) {
			args := map[string]string{}
			for i := 0; i+1 < len(f.args); i += 2 {
				args[f.args[i]] = f.args[i+1]
			}
			id := "doctor." + c.name + "." + f.what
			r := row{Result: f.result, Check: name, Message: catalogue.Say(lang, id+".say", args)}
			if catalogue.Has(id + ".do") {
				r.Fix = catalogue.Say(lang, id+".do", args)
			}
			rows = append(rows, r)
		}
		cancel()
	}
	return rows
}

// report prints the table.
func (f *face) report(catalogue *words.Catalogue, lang string, rows []row) error {
	if f.json {
		ok := true
		for _, r := range rows {
			ok = ok && r.Result != broken
		}
		return writeJSON(f.stdout, struct {
			OK     bool  `json:"ok"`
			Checks []row `json:"checks"`
		}{ok, rows})
	}
	say := func(id string) string { return catalogue.Say(lang, "doctor."+id, nil) }
	cells := [][]string{{say("head.result"), say("head.check"), say("head.message"), say("head.fix")}}
	for _, r := range rows {
		cells = append(cells, []string{say("result." + r.Result), r.Check, r.Message, r.Fix})
	}
	table(f.stdout, cells)
	return nil
}

// memberOf names the groups of whoever asks.
func memberOf() (names []string) {
	u, err := user.Current()
	if err != nil {
		return nil
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil
	}
	for _, id := range ids {
		if g, err := user.LookupGroupId(id); err == nil {
			names = append(names, g.Name)
		}
	}
	return names
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return fmt.Sprintf("user %d", userID())
	}
	return u.Username
}
