package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"posd/store"
)

func (f *face) journalCommands() *cobra.Command {
	verify := &cobra.Command{Use: "verify", Short: "Prove that no row of the journal was changed, added or taken out", Args: nothing,
		Long: "A journal that was cut short, or an older copy in its place, is whole by itself. The last Z shows it: give the rows and the head\n" +
			"that stand at its foot, and the row that is missing is named. The same is done with the mark beside a register's own file.",
		Example: "  posd journal verify --file /var/lib/posd/register.db --key /var/lib/posd/register.key\n" +
			"  posd journal verify --file copy.db --key register.key --rows 412 --head 9f86d081884c7d65..."}
	file := verify.Flags().String("file", "", "the register `FILE`, live or a copy; --db says the same")
	key := verify.Flags().String("key", "", "the `FILE` with the register's key")
	var printed store.Anchor
	verify.Flags().StringVar(&printed.Head, "head", "", "the head of the chain as a Z has it, 64 hexadecimal `DIGITS`")
	verify.Flags().Int64Var(&printed.Rows, "rows", 0, "the `NUMBER` of rows that stands with it; without it, any row may have that head")
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
		var anchors []store.Anchor
		if printed != (store.Anchor{}) {
			anchors = append(anchors, printed)
		}
		return f.verifyJournal(cmd.Context(), *file, *key, anchors)
	}
	return group("journal", "Look into the register file without the daemon", f.withJSON(verify), f.backupCommand(), f.exportCommand(), f.adoptCommand(), f.rebuildCommand())
}

// verifyJournal says whether the journal is whole, and if not, which row does not fit.
func (f *face) verifyJournal(ctx context.Context, file, key string, printed []store.Anchor) error {
	if f.parts.verify == nil {
		return coded{exitInternal, errors.New("this build cannot read a register file")}
	}
	for _, path := range []string{file, key} {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	v, err := f.parts.verify(ctx, file, key, printed...)
	switch {
	case errors.Is(err, store.ErrAnchor):
		return usage(fmt.Errorf("--head and --rows: %w, as they stand at the foot of a Z", err))
	case errors.Is(err, errKey):
		return err
	case err != nil:
		return coded{exitBroken, fmt.Errorf("%s cannot be read as a register file: %w", file, err)}
	case f.json:
		err = writeJSON(f.stdout, v)
	case v.Whole:
		_, err = fmt.Fprintf(f.stdout, "whole: %d rows\nhead of the chain: %s\n", v.Rows, v.Head)
		if err == nil && len(printed) > 0 {
			_, err = fmt.Fprintln(f.stdout, "the printed head stands in it")
		}
	default:
		_, err = fmt.Fprintf(f.stdout, "broken at row %d: %s\nThe rows before it fit the key. Keep this file and its copies as they are, and call support.\n", v.Broken, v.Why)
	}
	if err == nil && !v.Whole {
		return coded{exitBroken, errSaid}
	}
	return err
}
