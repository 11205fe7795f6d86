package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"
)

// slipKinds are the slips about a sale; without a word it is the one that fits.
var slipKinds = []string{"", "pending", "paid", "refund"}

func (f *face) slipCommand() *cobra.Command {
	var kind string
	var onPaper bool
	cmd := &cobra.Command{Use: "slip SALE", Short: "Print what the shopper may take home: paid, not known yet, or money on its way back", Args: takes("SALE"),
		Example: "  posctl slip s_01JA0 --print\n  posctl slip s_01JA0 --kind pending | lp",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(slipKinds, kind) {
				return usage(errors.New("--kind is pending, paid or refund"))
			}
			format := "text"
			if f.json {
				format = "json"
			}
			r, err := f.dial(anybody...)
			if err != nil {
				return err
			}
			if onPaper {
				return f.printed(cmd, r, "/v1/sales/"+url.PathEscape(args[0])+"/slip", map[string]string{"kind": kind})
			}
			text, err := r.get(cmd.Context(), "/v1/sales/"+url.PathEscape(args[0])+"/slip?format="+format+"&kind="+kind)
			if err != nil {
				return err
			}
			return f.passes(text)
		}}
	cmd.Flags().StringVar(&kind, "kind", "", "pending, paid or refund; by default the one that fits")
	cmd.Flags().BoolVar(&onPaper, "print", false, "on the register's own printer")
	return cmd
}

// printed prints on the register's printer. It is never tried again by itself: there may be paper already.
func (f *face) printed(cmd *cobra.Command, r *register, path string, body any) error {
	r.within = trialWithin
	text, err := r.post(cmd.Context(), path, "", body)
	if err != nil {
		return err
	}
	var came struct{ Result, Say string }
	if !reads(text, &came) || came.Result == "" {
		return errAnswer
	}
	if f.json {
		if err := f.passes(text); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(f.stdout, plain(came.Say))
	}
	if came.Result != "printed" {
		return coded{exitFailed, errSaid}
	}
	return nil
}
