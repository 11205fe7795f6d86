package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// The roles whose tokens are tried, in this order: who may do most comes first, and the file rights
// decide who may be it.
var (
	anybody    = []string{"manager", "technician", "cashier"}
	technician = []string{"technician", "manager", "cashier"}
)

// commands lists every command there is.
func (f *face) commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "posctl",
		Short: "Look at a register and work it, through its local API",
		Example: `  posctl status                                       what stands where, and each trouble's next step
  posctl open --role manager                          an address to open in the browser, good for a minute
  posctl sale 129.50 --ticket A-1001 --scan --wait    take a sale; ends with 0 only when it is paid
  posctl queue                                        everything that waits, and for whom
  posctl day                                          the day so far`,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("there is no command %q; posctl --help lists them", args[0]))
			}
			return cmd.Help()
		},
	}
	root.SetOut(f.stdout)
	root.SetErr(f.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&f.config, "config", "", "the register's configuration `FILE` (default "+defaultConfig+")")
	flags.StringVar(&f.url, "url", "", "the register's `ADDRESS` instead, with --token-file")
	flags.StringVar(&f.tokenFile, "token-file", "", "the `FILE` with the token to show")
	flags.BoolVar(&f.json, "json", false, "print what the API answers, in JSON")
	flags.StringVar(&f.lang, "lang", f.lang, "the `LANGUAGE` to speak: en, fr-CA, zh-Hans")
	root.AddCommand(f.statusCommand(), f.openCommand(), f.saleCommand(), f.showCommand(), f.slipCommand(), f.cancelCommand(), f.settleCommand(),
		f.refundCommand(), f.withdrawCommand(), f.queueCommand(), f.ruleCommand(), f.dayCommand(), f.closeCommand(), f.devicesCommand(), f.eventsCommand())
	return root
}

// usage marks errors of the command line.
func usage(err error) error { return coded{exitUsage, err} }

// takes wants so many words behind a command; it does not repeat what it was given, which may be a
// payment code.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		want := "nothing"
		for i, n := range names {
			if i == 0 {
				want = n
				continue
			}
			want += " " + n
		}
		return usage(fmt.Errorf("%s wants %s behind it and got %d words; --help shows how", cmd.Name(), want, len(args)))
	}
}

// required refuses a command without one of its flags.
func required(cmd *cobra.Command, names ...string) error {
	for _, n := range names {
		if value, err := cmd.Flags().GetString(n); err != nil || value == "" {
			return usage(errors.New(cmd.Name() + " wants --" + n))
		}
	}
	return nil
}
