package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (f *face) backupCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "backup", Short: "Copy the register file and prove the copy; the daemon may run meanwhile", Args: nothing,
		Example: "  posd journal backup --config /etc/posd/posd.toml --out /media/usb",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, _, err := f.load()
			if err != nil {
				return err
			}
			if out == "" {
				out = l.backupDir()
			}
			c, err := f.parts.backup(cmd.Context(), l.Config, out)
			if err != nil {
				return coded{exitCannotCreate, err}
			}
			if f.json {
				return writeJSON(f.stdout, map[string]any{"file": c.Path, "rows": c.Rows, "head": c.Head, "bytes": c.Bytes})
			}
			_, err = fmt.Fprintf(f.stdout, "%s: %d rows, %d bytes, whole\nhead of the chain: %s\n", c.Path, c.Rows, c.Bytes, c.Head)
			return err
		}}
	cmd.Flags().StringVar(&out, "out", "", "the `FOLDER` for the copy (default: the one of the configuration)")
	return f.withJSON(cmd)
}

func (f *face) exportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "export", Short: "Write the journal as JSON Lines: a head, every row, and a tail that counts them", Args: nothing,
		Example: "  posd journal export --config /etc/posd/posd.toml --out journal.jsonl\n  posd journal export --out - | gzip > journal.jsonl.gz",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if out == "" {
				return usage(errors.New("posd journal export wants --out; - is standard output"))
			}
			l, _, err := f.load()
			if err != nil {
				return err
			}
			to := f.stdout
			if out != "-" {
				file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if errors.Is(err, fs.ErrExist) {
					return coded{exitCannotCreate, fmt.Errorf("%s is there already; name another file", out)}
				}
				if err != nil {
					return coded{exitCannotCreate, err}
				}
				defer func() {
					if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
						err = errors.Join(err, os.Remove(out)) // half an export is none
					}
				}()
				to = file
			}
			rows, err := f.parts.export(cmd.Context(), l.Config, to, f.counting())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(f.stderr, "%d rows written\n", rows)
			return err
		}}
	cmd.Flags().StringVar(&out, "out", "", "the `FILE` to write; it must not be there yet")
	return cmd
}

// counting tells how far a long work is, at most every second.
func (f *face) counting() func(rows int64) {
	last := time.Now()
	return func(rows int64) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		_, _ = io.WriteString(f.stderr, fmt.Sprintf("%d rows\n", rows))
	}
}

func (f *face) adoptCommand() *cobra.Command {
	var by, why string
	cmd := &cobra.Command{Use: "adopt --by NAME --why TEXT", Short: "Take a restored register file into service, by a manager's word", Args: nothing,
		Long: "A register file that was restored does not know what was paid after it was copied. Adopting it is a manager's decision: it is\n" +
			"journaled with a name and a reason, refunds that were still waiting are not sent any more, and references and Z numbers go on\n" +
			"where the lost file cannot have been. Compare the payments since the last row with the acquirer's portal.",
		Example: `  posd journal adopt --config /etc/posd/posd.toml --by "M. Roy" --why "the disk was replaced"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(by) == "" || strings.TrimSpace(why) == "" {
				return usage(errors.New("posd journal adopt wants --by and --why"))
			}
			l, _, err := f.load()
			if err != nil {
				return err
			}
			a, err := f.parts.adopt(cmd.Context(), l.Config, by, why)
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(f.stdout, a)
			}
			_, err = fmt.Fprintf(f.stdout, "Adopted: %d rows, the last of %s; generation %d begins.\n", a.Rows, a.Last.Format(time.RFC3339), a.Generation)
			if a.Known > a.Rows {
				_, err = fmt.Fprintf(f.stdout, "This machine had written %d rows more: what they said is lost here. The acquirer's portal knows the payments.\n", a.Known-a.Rows)
			}
			if a.Lapsed > 0 {
				_, err = fmt.Fprintf(f.stdout, "Refunds that waited and are not sent any more: %d. Ask for them again after a look at the portal.\n", a.Lapsed)
			}
			return err
		}}
	cmd.Flags().StringVar(&by, "by", "", "the manager")
	cmd.Flags().StringVar(&why, "why", "", "what happened")
	return f.withJSON(cmd)
}

func (f *face) rebuildCommand() *cobra.Command {
	return &cobra.Command{Use: "rebuild", Short: "Make the register's lists anew from its journal; the daemon must not run", Args: nothing,
		Long: "The journal is what happened; the lists of sales, attempts and refunds are folded from it. Where they differ, for which there is a\n" +
			"trouble, they are made anew in one step, and the whole file is read once more. The journal itself is not touched.",
		Example: "  posd journal rebuild --config /etc/posd/posd.toml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, _, err := f.load()
			if err != nil {
				return err
			}
			if _, err := os.Stat(journalFile(l.Config)); err != nil {
				return err
			}
			if err := f.parts.rebuild(cmd.Context(), l.Config); err != nil {
				return withRemedy(l.Config, err)
			}
			_, err = fmt.Fprintln(f.stdout, "Rebuilt: the lists agree with the journal.")
			return err
		}}
}
