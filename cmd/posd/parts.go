package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"posd/devices/ports"
	"posd/pos"
	"posd/store"
)

// errKey says that it is the key and not the journal that is at fault.
var errKey = errors.New("key")

// parts is what the commands beside serve need of the rest of the house. A nil function is a part that
// this build lacks.
type parts struct {
	drivers map[pos.Role][]string // what the desk can drive
	roots   ports.Roots           // where devices are found; the zero value is this machine

	// verify proves the journal of a register file, live or a copy, without writing to it.
	verify func(ctx context.Context, file, key string, printed ...store.Anchor) (verdict, error)

	// backup copies the register file, export writes its journal as JSON Lines, adopt takes a restored one into
	// service, rebuild folds its journal anew. They work while the daemon does not run; the first two also while it does.
	backup  func(ctx context.Context, cfg Config, dir string) (store.Copy, error)
	export  func(ctx context.Context, cfg Config, w io.Writer, progress func(int64)) (int64, error)
	adopt   func(ctx context.Context, cfg Config, by, why string) (store.Adopted, error)
	rebuild func(ctx context.Context, cfg Config) error

	// waiting counts what has not ended in a register file, copies says when the newest copy was made.
	waiting func(ctx context.Context, file string) (n int, oldest time.Time, err error)
	copies  func(dir string) (newest time.Time, err error)

	// signIn proves the acquirer's token without moving money. pos.ErrMisfit is in the chain of a refusal.
	signIn func(ctx context.Context, cfg Config) error
}

// verdict is what a proof of the journal found.
type verdict struct {
	Whole  bool   `json:"whole"`
	Rows   int64  `json:"rows"`             // whole, from the first on
	Head   string `json:"head"`             // the chain's value at the last of them
	Broken int64  `json:"broken,omitempty"` // the first row that does not fit
	Why    string `json:"why,omitempty"`
}

// house is the register's own parts.
func house() parts {
	return parts{drivers: drivers(), verify: verify, backup: backup, export: export, adopt: adopt, rebuild: rebuild,
		waiting: store.Waiting, copies: newestCopy, signIn: signIn}
}

// verify reads the key and walks the chain. The caller has seen that both files are there.
func verify(ctx context.Context, file, key string, printed ...store.Anchor) (verdict, error) {
	secret, err := store.LoadKey(key, file)
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %w", errKey, err)
	}
	v, err := store.Verify(ctx, file, secret, printed...)
	return verdict{v.Whole, v.Rows, v.Head, v.Broken, v.Why}, err
}

func backup(ctx context.Context, cfg Config, dir string) (store.Copy, error) {
	key, err := store.LoadKey(keyPath(cfg.Data), journalFile(cfg))
	if err != nil {
		return store.Copy{}, err
	}
	return store.BackupFile(ctx, journalFile(cfg), key, dir)
}

func newestCopy(dir string) (time.Time, error) {
	list, err := store.Copies(dir)
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0].At, nil
}

func export(ctx context.Context, cfg Config, w io.Writer, progress func(int64)) (int64, error) {
	return store.Export(ctx, journalFile(cfg), w, store.ExportHead{Register: cfg.Register, Store: cfg.Store, Version: release}, progress)
}

func adopt(ctx context.Context, cfg Config, by, why string) (store.Adopted, error) {
	key, err := store.LoadKey(keyPath(cfg.Data), journalFile(cfg))
	if err != nil {
		return store.Adopted{}, err
	}
	now := time.Now()
	return store.Adopt(ctx, store.Options{Path: journalFile(cfg), Key: key, Log: slog.New(slog.DiscardHandler)}, store.Adoption{By: by, Why: why, At: now,
		Day: func(open, closed pos.Date) pos.Date {
			if open != "" {
				return open
			}
			return cfg.Calendar().Next(now, closed)
		}})
}

// rebuild folds the journal anew, and looks at what came of it.
func rebuild(ctx context.Context, cfg Config) error {
	key, err := store.LoadKey(keyPath(cfg.Data), journalFile(cfg))
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Options{Path: journalFile(cfg), Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	err = s.Rebuild(ctx)
	if err == nil {
		err = s.Audit(ctx)
	}
	return errors.Join(err, s.Close())
}

// signIn asks the acquirer on a fresh connection, as the daemon does.
func signIn(ctx context.Context, cfg Config) error {
	acquirer, err := dialects()[cfg.Acquirer.Dialect](cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return acquirer.Ready(ctx)
}
