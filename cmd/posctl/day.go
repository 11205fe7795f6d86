package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"
)

// dayFormats are what a report can be printed as.
var dayFormats = []string{"text", "json", "csv"}

func (f *face) dayCommand() *cobra.Command {
	var format string
	var onPaper bool
	cmd := &cobra.Command{Use: "day [DAY]", Short: "Print the report of a business day, by default of the open one", Args: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return takes("DAY")(cmd, args)
		}
		return nil
	},
		Example: "  posctl day\n  posctl day --print\n  posctl day 2026-11-20 --format csv > 2026-11-20.csv\n  posctl day list",
		RunE: func(cmd *cobra.Command, args []string) error {
			day := "current"
			if len(args) == 1 {
				day = args[0]
			}
			if f.json {
				format = "json"
			}
			if !slices.Contains(dayFormats, format) {
				return usage(errors.New("--format is text, json or csv"))
			}
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			if day == "list" {
				return f.days(cmd, r)
			}
			if onPaper {
				return f.printed(cmd, r, "/v1/days/"+url.PathEscape(day)+"/slip", map[string]string{})
			}
			text, err := r.get(cmd.Context(), "/v1/days/"+url.PathEscape(day)+"?format="+format)
			if err != nil {
				return err
			}
			return f.passes(text)
		}}
	cmd.Flags().StringVar(&format, "format", "text", "text, json or csv")
	cmd.Flags().BoolVar(&onPaper, "print", false, "on the register's own printer")
	return cmd
}

// days lists the last days with their numbers.
func (f *face) days(cmd *cobra.Command, r *register) error {
	text, err := r.get(cmd.Context(), "/v1/days")
	if err != nil {
		return err
	}
	if f.json {
		return f.passes(text)
	}
	var list dayList
	if !reads(text, &list) {
		return errAnswer
	}
	rows := [][]string{f.heads("day", "day", "z", "net")}
	for _, d := range list.Items {
		z, net := f.say("day.open"), ""
		if d.Z != nil {
			z = fmt.Sprint(*d.Z)
		}
		for i, n := range d.Net {
			if i > 0 {
				net += " + "
			}
			net += f.money(n.Amount, n.Currency)
		}
		rows = append(rows, []string{d.Day, z, net})
	}
	table(f.stdout, rows)
	return nil
}

func (f *face) closeCommand() *cobra.Command {
	var by, note, key string
	cmd := &cobra.Command{Use: "close --by NAME", Short: "Close the business day and print its Z; what is unfinished is carried over by name", Args: takes(),
		Example: `  posctl close --by "M. Roy" --note "one refund on its way"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "by"); err != nil {
				return err
			}
			r, err := f.dial("manager", "cashier")
			if err != nil {
				return err
			}
			if key == "" {
				key = rand.Text()
			}
			text, err := r.post(cmd.Context(), "/v1/days/current/close", key, map[string]string{"by": by, "note": note})
			if err != nil {
				return err
			}
			if f.json {
				return f.passes(text)
			}
			var z struct {
				Day string `json:"day"`
				Z   int    `json:"z"`
			}
			if !reads(text, &z) || z.Day == "" {
				return errAnswer
			}
			// Said before the report is fetched: a printout that fails does not undo the close.
			fmt.Fprintln(f.stderr, f.say("day.closed", "day", z.Day, "z", fmt.Sprint(z.Z)))
			printed, err := r.get(cmd.Context(), "/v1/days/"+url.PathEscape(z.Day)+"?format=text")
			if err != nil {
				return err
			}
			return f.passes(printed)
		}}
	flags := cmd.Flags()
	flags.StringVar(&by, "by", "", "who closes the day")
	flags.StringVar(&note, "note", "", "for the Z")
	flags.StringVar(&key, "key", "", "idempotency key: the same key is the same close, for good (default: a new one)")
	return cmd
}
