package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"posd/pos"
	"posd/store"
)

// What a register needs of its disk and its clock.
const (
	leastFree  = 100 << 20
	enoughFree = 1 << 30
	lateYear   = 2026 // no register of this version runs earlier
)

// disk is what a path lies on.
type disk struct {
	Kind     string
	Free     uint64
	Network  bool // another machine's: its locks and its flushing cannot be trusted
	Volatile bool // gone with the power
}

// The files of a register below its data folder.
const (
	registerFile = "register.db"
	keyFile      = "register.key"
)

// secrets looks at who may read the key and the tokens of the local API; the configuration's own
// secret files were looked at when it was read.
func (d *doctor) secrets(context.Context) (found []finding) {
	if runtime.GOOS == "windows" {
		return []finding{{skipped, "windows", nil}}
	}
	look := func(path string, forbidden fs.FileMode, mode string) {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&forbidden != 0 {
			found = append(found, finding{broken, "open", []string{"file", path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()), "chmod", mode}})
		}
	}
	look(filepath.Join(d.cfg.Data, keyFile), 0o077, "600")
	tokens, err := filepath.Glob(filepath.Join(d.cfg.Data, "tokens", "*"))
	if err == nil {
		for _, t := range tokens {
			look(t, 0o027, "640")
		}
	}
	if found == nil {
		found = []finding{{wentWell, "tight", nil}}
	}
	return found
}

// standing is the folder itself, or the nearest one above it that is there.
func standing(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		up := filepath.Dir(path)
		if up == path {
			return path
		}
		path = up
	}
}

func (d *doctor) data(context.Context) []finding {
	path := d.cfg.Data
	at := standing(path)
	who := []string{"path", path, "user", d.user}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return []finding{{broken, "no_folder", who}}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return []finding{{broken, "no_rights", who}}
	}
	if !writable(at) {
		return []finding{{broken, "no_rights", who}}
	}
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		return []finding{{broken, "open", append(who, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))}}
	}
	result, what := wentWell, "free"
	if err != nil {
		result, what = worrying, "not_yet"
	}
	on, diskErr := d.storeOf(at)
	if diskErr != nil {
		return []finding{{result, what + "_unmeasured", who}}
	}
	who = append(who, "free", strconv.FormatUint(on.Free>>20, 10))
	switch {
	case on.Free < leastFree:
		return []finding{{broken, "full", who}}
	case on.Free < enoughFree:
		return []finding{{worrying, "low", who}}
	}
	return []finding{{result, what, who}}
}

// writable makes a file and removes it.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".posd-doctor-")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

func (d *doctor) drive(context.Context) []finding {
	on, err := d.storeOf(standing(d.cfg.Data))
	args := []string{"path", d.cfg.Data, "kind", on.Kind}
	switch {
	case err != nil:
		return []finding{{skipped, "unknown", args}}
	case on.Network:
		return []finding{{broken, "network", args}}
	case on.Volatile:
		return []finding{{worrying, "volatile", args}}
	}
	return []finding{{wentWell, "local", args}}
}

func (d *doctor) clock(context.Context) []finding {
	args := []string{"time", d.now.UTC().Format("2006-01-02 15:04 UTC"), "local", d.now.In(d.cfg.Calendar().Zone).Format("15:04"), "zone", d.cfg.Timezone}
	if d.now.Year() < lateYear {
		return []finding{{broken, "old", args}}
	}
	for _, name := range []string{registerFile, registerFile + "-wal"} {
		info, err := os.Stat(filepath.Join(d.cfg.Data, name))
		if err == nil && info.ModTime().After(d.now.Add(pos.ClockSlack)) {
			return []finding{{broken, "behind", append(args, "span", info.ModTime().Sub(d.now).Round(time.Minute).String())}}
		}
	}
	if kept, known := d.keptTime(); known && !kept {
		return []finding{{worrying, "unkept", args}}
	}
	return []finding{{wentWell, "sane", args}}
}

func (d *doctor) journal(ctx context.Context) []finding {
	file, key := filepath.Join(d.cfg.Data, registerFile), keyPath(d.cfg.Data)
	if _, err := os.Stat(file); err != nil && !errors.Is(err, fs.ErrPermission) {
		return []finding{{wentWell, "none_yet", nil}}
	}
	if _, err := os.Stat(key); err != nil {
		return []finding{{broken, "no_key", []string{"file", key}}}
	}
	if d.parts.verify == nil {
		return []finding{{skipped, "no_reader", nil}}
	}
	v, err := d.parts.verify(ctx, file, key)
	rows := []string{"n", strconv.FormatInt(v.Rows, 10), "row", strconv.FormatInt(v.Broken, 10), "file", file}
	switch {
	case errors.Is(err, errKey):
		return []finding{{broken, "no_key", []string{"file", key}}}
	case err != nil:
		return []finding{{broken, "unreadable", append(rows, "why", err.Error())}}
	case !v.Whole:
		return []finding{{broken, "broken", append(rows, "why", v.Why)}}
	case d.serving(ctx):
		return append([]finding{{wentWell, "in_use", rows}}, upgraded(file)...)
	}
	return append([]finding{{wentWell, "whole", rows}}, upgraded(file)...)
}

// upgraded names the copy that was made before the last upgrade, for whoever must go back.
func upgraded(file string) (found []finding) {
	copies, err := store.BeforeUpgrades(file)
	if err != nil {
		return nil // the file itself was read a moment ago: what is amiss with the folder is said elsewhere
	}
	for _, c := range copies {
		found = append(found, finding{wentWell, "upgraded", []string{"file", c.Path, "date", c.At.Format(time.DateOnly)}})
	}
	return found
}
