package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (f *face) openCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{Use: "open", Short: "Print an address of the register's pages, good for one minute and one browser", Args: takes(),
		Example: "  posctl open\n  posctl open --role manager",
		RunE: func(cmd *cobra.Command, _ []string) error {
			as := []string{role, "manager"}
			if role == "display" { // its own token opens it, and so does everybody's
				as = append([]string{"display"}, anybody...)
			}
			r, err := f.dial(as...)
			if err != nil {
				return err
			}
			text, err := r.post(cmd.Context(), "/v1/session-code", "", map[string]string{"role": role})
			if err != nil {
				return err
			}
			if f.json {
				return f.passes(text)
			}
			var s struct{ Code, Path string }
			if !reads(text, &s) || s.Code == "" {
				return errAnswer
			}
			_, err = fmt.Fprintln(f.stdout, address(r.base, s.Path, s.Code))
			return err
		}}
	cmd.Flags().StringVar(&role, "role", "cashier", "cashier, manager, technician or display")
	return cmd
}

// address puts the one-time code into the fragment, which no browser sends anywhere.
func address(base, path, code string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if !strings.Contains(path, "#") {
		path += "#code=" + code
	}
	return base + path
}

func (f *face) eventsCommand() *cobra.Command {
	var after string
	cmd := &cobra.Command{Use: "events", Short: "Print the register's events as they happen, until interrupted", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			events, body, err := r.listen(cmd.Context(), after)
			if cmd.Context().Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			defer body.Close()
			for {
				e, err := events.next()
				switch {
				case cmd.Context().Err() != nil:
					return nil
				case errors.Is(err, errLongEvent):
					return err
				case err != nil:
					return unreachable{strings.TrimPrefix(r.base, "http://"), err}
				}
				if err := f.event(e); err != nil {
					return err
				}
			}
		}}
	cmd.Flags().StringVar(&after, "after", "", "resume after the event with this id")
	return cmd
}

// event prints one event on one line.
func (f *face) event(e event) error {
	if f.json {
		text, err := json.Marshal(struct {
			ID    string          `json:"id,omitempty"`
			Event string          `json:"event"`
			Data  json.RawMessage `json:"data"`
		}{e.ID, e.Kind, e.Data})
		if err != nil {
			return errAnswer
		}
		return f.passes(text)
	}
	_, err := fmt.Fprintf(f.stdout, "%-8s %-9s %s\n", e.ID, e.Kind, plain(string(e.Data)))
	return err
}
