package main

import (
	"errors"
	"net/url"
	"slices"

	"github.com/spf13/cobra"
)

// slipKinds are the slips about a sale; without a word it is the one that fits.
var slipKinds = []string{"", "pending", "paid", "refund"}

func (f *face) slipCommand() *cobra.Command {
	var kind string
	cmd := &cobra.Command{Use: "slip SALE", Short: "Print what the shopper may take home: paid, not known yet, or money on its way back", Args: takes("SALE"),
		Example: "  posctl slip s_01JA0 | lp\n  posctl slip s_01JA0 --kind pending",
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
			text, err := r.get(cmd.Context(), "/v1/sales/"+url.PathEscape(args[0])+"/slip?format="+format+"&kind="+kind)
			if err != nil {
				return err
			}
			return f.passes(text)
		}}
	cmd.Flags().StringVar(&kind, "kind", "", "pending, paid or refund; by default the one that fits")
	return cmd
}
