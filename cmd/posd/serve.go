package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"posd/devices"
	"posd/pos"
	"posd/pos/api"
	"posd/pos/api/console"
	"posd/pos/health"
	"posd/pos/till"
	"posd/pos/words"
	"posd/store"
)

// serve builds the register, serves until ctx ends, and takes it down in reverse. Read it top to
// bottom to know what the daemon is made of.
func serve(ctx context.Context, cfg Config, stderr io.Writer) (err error) {
	started := begin()
	defer started()
	log := slog.New(slog.NewJSONHandler(stderr, nil)).With("register", cfg.Register)

	for _, name := range cfg.products.replaced {
		log.Info("a profile of this register counts in place of the shipped one", "profile", name, "folder", cfg.profilesDir())
	}

	sentences, err := words.Open()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return withRemedy(cfg, fmt.Errorf("data folder: %w", err))
	}
	key, err := store.LoadKey(keyPath(cfg.Data), journalFile(cfg))
	if err != nil {
		return withRemedy(cfg, err)
	}
	tokens, err := api.OpenTokens(filepath.Join(cfg.Data, "tokens"))
	if err != nil {
		return withRemedy(cfg, err)
	}
	journal, err := store.Open(ctx, store.Options{Path: journalFile(cfg), Key: key, Log: log, Reserve: store.Reserve})
	if err != nil {
		return withRemedy(cfg, err)
	}
	defer func() { err = errors.Join(err, journal.Close()) }()

	acquirer, err := dialects()[cfg.Acquirer.Dialect](cfg, log)
	if err != nil {
		return err
	}

	// The parts tell each other things through these; none of them runs before Run below.
	var (
		face    *api.Server
		counter *till.Till
		desk    *devices.Desk
	)
	troubles := health.New(func() { face.Tell("trouble", nil) })
	desk, err = devices.New(devices.Options{
		Devices: cfg.desk(), Scanned: func(s pos.Scan) { counter.Scanned(s) },
		Tell: func(d pos.Device) { face.Tell("device", d) }, Trouble: troubles.Raise, Clear: troubles.Clear,
		Text:  func(p pos.Prompt) []string { return lines(sentences, cfg.Languages, cfg.Store, p) },
		Hints: func(p pos.Prompt) []string { return hints(sentences, cfg.Languages, p) },
		Say:   func(id string) []string { return onceEach(sentences, cfg.Languages, id) }, Known: cfg.products.set, Log: log,
		Begins: func(ctx context.Context, slip pos.Slip) (bool, error) { return journal.Begin(ctx, slip, time.Now()) },
	})
	if err != nil {
		return err
	}
	slips := newSlips(cfg, sentences, desk, journal, troubles.Raise)
	counter = till.New(till.Options{
		Register: cfg.Register, Currency: cfg.Currency, Calendar: cfg.Calendar(), Hold: cfg.Acquirer.Hold, Limit: cfg.Limits.Unfinished,
		Journal: journal, Acquirer: acquirer, Rand: rand.Reader, Show: slips.show, Told: func(kind string, what any) { face.Tell(kind, what) },
		Committed: func(g pos.Growth) { face.Committed(g) }, Trouble: troubles.Raise, Clear: troubles.Clear, Felt: desk.Feel, Log: log,
	})
	face = api.New(api.Options{
		Register: cfg.Register, Store: cfg.Store, Version: release, Currency: cfg.Currency,
		Zone: cfg.Calendar().Zone, Languages: cfg.Languages, Capabilities: acquirer.Can(),
		Till: counter, Book: journal, Desk: desk, Health: troubles, Words: sentences, Tokens: tokens,
		Pages:  console.New(console.Options{Words: sentences, Store: cfg.Store, Register: cfg.Register, Currency: cfg.Currency, Languages: cfg.Languages}),
		Checks: looks(cfg, sentences),
		Log:    log,
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}

	copies := keeper{at: cfg.Backup.after, zone: cfg.Calendar().Zone, keep: cfg.Backup.Keep, raise: troubles.Raise, clear: troubles.Clear,
		copies: func() ([]store.Copy, error) { return store.Copies(cfg.backupDir()) },
		backup: func(ctx context.Context) (store.Copy, error) { return journal.Backup(ctx, cfg.backupDir()) },
		prune:  func(keep int) error { return store.Prune(cfg.backupDir(), keep) }, log: log.With("part", "backup")}

	parts, ctx := errgroup.WithContext(ctx) // one part fails: all stop
	parts.Go(func() error { return counter.Run(ctx) })
	parts.Go(func() error { return desk.Run(ctx) })
	parts.Go(func() error { return slips.run(ctx) })
	parts.Go(func() error { return face.Run(ctx) })
	parts.Go(func() error { return face.Serve(ctx, listener) })
	parts.Go(func() error { return copies.run(ctx) })
	parts.Go(func() error { return watchdog(ctx, counter, started) })
	parts.Go(func() error { return withRemedy(cfg, audited(ctx, journal.Audit, troubles.Raise, log)) })
	log.Info("serving", "listen", listener.Addr().String(), "data", cfg.Data, "version", release)
	return parts.Wait()
}

// drivers is what the desk can drive.
func drivers() map[pos.Role][]string { return devices.Drivers() }
