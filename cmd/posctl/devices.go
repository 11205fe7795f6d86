package main

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posd/pos"
)

// trialWithin is how long a register may take to try a device: a scanner is given half a minute.
const trialWithin = 45 * time.Second

func (f *face) devices(list []device) {
	if len(list) == 0 {
		fmt.Fprintln(f.stdout, f.say("device.none"))
		return
	}
	rows := [][]string{f.heads("device", "name", "role", "driver", "state", "since", "counts", "port", "error")}
	for _, d := range list {
		rows = append(rows, []string{d.Name, f.word("commands.device."+d.Role, d.Role), d.Driver, f.word("commands.device."+d.State, d.State),
			f.clock(d.Since), fmt.Sprintf("%d/%d/%d", d.Counters.Good, d.Counters.Rejected, d.Counters.Reopened), d.Port, d.LastError})
	}
	table(f.stdout, rows)
}

func (f *face) devicesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "devices", Short: "Show the devices of the counter, find new ones, or test one", Args: takes(),
		Example: "  posctl devices\n  posctl devices discover\n  posctl devices test scanner",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list struct {
				Items []device `json:"items"`
			}
			if passed, err := f.asks(cmd, "/v1/devices", &list); passed || err != nil {
				return err
			}
			f.devices(list.Items)
			return nil
		}}
	cmd.AddCommand(&cobra.Command{Use: "discover", Short: "List what is plugged in, with the products it may be", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list struct {
				Items []pos.Found `json:"items"`
			}
			if passed, err := f.asks(cmd, "/v1/devices/discover", &list); passed || err != nil {
				return err
			}
			f.discovered(list.Items)
			return nil
		}}, &cobra.Command{Use: "test NAME", Short: "Let a device show that it works: scan a code, look at a display, print a test slip", Args: takes("NAME"),
		Example: "  posctl devices test scanner     then scan any code within 30 seconds\n  posctl devices test printer     then look at the slip",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.dial(technician...)
			if err != nil {
				return err
			}
			r.within = trialWithin
			if !f.json {
				fmt.Fprintln(f.stderr, f.say("device.test.begun", "name", args[0]))
			}
			text, err := r.post(cmd.Context(), "/v1/devices/"+url.PathEscape(args[0])+"/test", "", map[string]string{})
			if err != nil {
				return err
			}
			return f.tested(args[0], text)
		}})
	return cmd
}

// asks reads a list for the technician; passed says that it was printed as it came.
func (f *face) asks(cmd *cobra.Command, path string, into any) (passed bool, err error) {
	r, err := f.dial(technician...)
	if err != nil {
		return false, err
	}
	text, err := r.get(cmd.Context(), path)
	if err != nil {
		return false, err
	}
	if f.json {
		return true, f.passes(text)
	}
	if !reads(text, into) {
		return false, errAnswer
	}
	return false, nil
}

// discovered lists what is plugged in: what it is, whose it is, and the name to write into the configuration.
func (f *face) discovered(list []pos.Found) {
	if len(list) == 0 {
		fmt.Fprintln(f.stdout, f.say("found.none"))
		return
	}
	rows := [][]string{f.heads("found", "what", "usb", "device", "profile", "port")}
	for _, found := range list {
		what := f.word("commands.found."+string(found.Kind), string(found.Kind))
		if name := strings.TrimSpace(found.Maker + " " + found.Model); name != "" {
			what += ": " + name
		}
		usb := ""
		if found.Vendor != "" {
			usb = found.Vendor + ":" + found.Product
		}
		var profiles []string
		for _, m := range found.Matches {
			profiles = append(profiles, m.Profile)
		}
		rows = append(rows, []string{what, usb, found.Device, strings.Join(profiles, " "), found.Port})
	}
	table(f.stdout, rows)
	for _, found := range list {
		if found.Twin {
			fmt.Fprintln(f.stdout, f.say("found.twin", "port", found.Port))
		}
		if found.Sleeps {
			fmt.Fprintln(f.stdout, f.say("found.sleeps", "port", found.Port))
		}
	}
}

// tested tells how a test went; a device that does not work ends the command with 1.
func (f *face) tested(name string, text []byte) error {
	var outcome struct{ Result, Say, Ask, Do string }
	if !reads(text, &outcome) || outcome.Result == "" {
		return errAnswer
	}
	if f.json {
		if err := f.passes(text); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(f.stdout, plain(outcome.Say))
		if outcome.Ask != "" && f.sits() {
			fmt.Fprint(f.stdout, plain(outcome.Ask)+" "+f.say("device.test.yes_no")+" ")
			if f.agrees() {
				return nil
			}
			outcome.Result = "failed"
		}
		if outcome.Do != "" {
			fmt.Fprintln(f.stdout, "  "+plain(outcome.Do))
		}
	}
	if outcome.Result != "ok" {
		return coded{exitFailed, errSaid}
	}
	return nil
}

// sits reports whether a person sits at standard input, who can say what only a person sees.
func (f *face) sits() bool {
	file, ok := f.stdin.(*os.File)
	return ok && terminal(file)
}

// agrees reads a line. Nothing, or a word that begins as yes does in one of our languages, is a yes.
func (f *face) agrees() bool {
	line, err := bufio.NewReader(f.stdin).ReadString('\n')
	word := strings.ToLower(strings.TrimSpace(line))
	return err == nil && (word == "" || strings.ContainsRune("yo是", []rune(word)[0]))
}
