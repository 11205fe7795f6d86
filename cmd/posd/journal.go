package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (f *face) journalCommands() *cobra.Command {
	verify := &cobra.Command{Use: "verify", Short: "Prove that no row of the journal was changed, added or taken out", Args: nothing,
		Example: "  posd journal verify --file /var/lib/posd/register.db --key /var/lib/posd/register.key"}
	file := verify.Flags().String("file", "", "the register `FILE`, live or a copy; --db says the same")
	key := verify.Flags().String("key", "", "the `FILE` with the register's key")
	verify.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "db" {
			name = "file"
		}
		return pflag.NormalizedName(name)
	})
	verify.RunE = func(cmd *cobra.Command, _ []string) error {
		if *file == "" || *key == "" {
			return usage(errors.New("posd journal verify wants --file and --key"))
		}
		return f.verifyJournal(cmd.Context(), *file, *key)
	}
	return group("journal", "Look into the register file without the daemon", f.withJSON(verify), f.backupCommand(), f.exportCommand(), f.adoptCommand())
}

// verifyJournal says whether the journal is whole, and if not, which row does not fit.
func (f *face) verifyJournal(ctx context.Context, file, key string) error {
	if f.parts.verify == nil {
		return coded{exitInternal, errors.New("this build cannot read a register file")}
	}
	for _, path := range []string{file, key} {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	v, err := f.parts.verify(ctx, file, key)
	switch {
	case errors.Is(err, errKey):
		return err
	case err != nil:
		return coded{exitBroken, fmt.Errorf("%s cannot be read as a register file: %w", file, err)}
	case f.json:
		err = writeJSON(f.stdout, v)
	case v.Whole:
		_, err = fmt.Fprintf(f.stdout, "whole: %d rows\nhead of the chain: %s\n", v.Rows, v.Head)
	default:
		_, err = fmt.Fprintf(f.stdout, "broken at row %d: %s\nThe rows before it fit the key. Keep this file and its copies as they are, and call support.\n", v.Broken, v.Why)
	}
	if err == nil && !v.Whole {
		return coded{exitBroken, errSaid}
	}
	return err
}
