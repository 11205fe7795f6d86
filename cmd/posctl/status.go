package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (f *face) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show what stands where, and each trouble's next step", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			text, err := r.get(cmd.Context(), "/v1/status")
			if err != nil {
				return err
			}
			if f.json {
				return f.passes(text)
			}
			var s status
			if !reads(text, &s) || s.Register == "" {
				return errAnswer
			}
			f.status(s)
			return nil
		}}
}

func (f *face) status(s status) {
	since := func(state string, at string) string { return state + "  " + f.say("status.since", "time", at) }
	day, ready, clock := s.Day, f.say("head.no"), ""
	if day == "" {
		day = f.say("status.no_day")
	}
	if s.Ready {
		ready = f.say("head.yes")
	}
	if s.ClockSkew != 0 {
		clock = f.say("status.skew", "ms", strconv.FormatInt(s.ClockSkew, 10))
	}
	var take []string
	for _, w := range slices.Sorted(maps.Keys(s.Take)) {
		take = append(take, f.word("wallet."+w+".name", w)+" "+f.word("commands.take."+s.Take[w], s.Take[w]))
	}
	acquirer := s.Acquirer.Dialect + "  " + f.word("commands.connection."+s.Acquirer.State, s.Acquirer.State)
	if !s.Acquirer.Since.IsZero() {
		acquirer = since(acquirer, f.clock(s.Acquirer.Since))
	}
	if s.Acquirer.Reason != "" {
		acquirer += "  (" + f.word("reason."+s.Acquirer.Reason, s.Acquirer.Reason) + ")"
	}
	open := f.say("status.counts", "unfinished", strconv.Itoa(s.Unfinished), "owed", strconv.Itoa(s.Owed))
	if s.Oldest != nil && !s.Oldest.IsZero() {
		open += "  " + f.say("status.oldest", "time", f.clock(*s.Oldest))
	}
	rows := [][]string{}
	for _, row := range [][2]string{{"register", s.Register + "  posd " + s.Version}, {"store", s.Store}, {"day", day}, {"ready", ready},
		{"takes", strings.Join(take, "  ")}, {"acquirer", acquirer}, {"open", open}, {"clock", clock}} {
		if row[1] != "" {
			rows = append(rows, []string{f.say("status." + row[0]), row[1]})
		}
	}
	table(f.stdout, rows)
	fmt.Fprintln(f.stdout)
	f.devices(s.Devices)
	fmt.Fprintln(f.stdout)
	if len(s.Troubles) == 0 {
		fmt.Fprintln(f.stdout, f.say("status.no_troubles"))
		return
	}
	fmt.Fprintln(f.stdout, f.say("status.troubles"))
	for _, t := range s.Troubles {
		fmt.Fprintf(f.stdout, "  %s  %s\n", f.clock(t.Since), plain(t.Say))
		if t.Do != "" {
			fmt.Fprintf(f.stdout, "    %s\n", plain(t.Do))
		}
	}
}
