package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"posd/pos"
	"posd/store"
)

// Waits of the keeper.
const (
	overdueAfter = 24 * time.Hour   // a register without a copy this young makes one soon
	overdueIn    = time.Minute      // after its start: the counter comes first
	againIn      = 10 * time.Minute // after one that failed
)

// keeper copies the register file every night at the same time of the store's clock, and proves the copy.
type keeper struct {
	at     time.Duration // after local midnight
	zone   *time.Location
	keep   int
	copies func() ([]store.Copy, error)
	backup func(ctx context.Context) (store.Copy, error)
	prune  func(keep int) error
	raise  func(pos.Trouble)
	clear  func(code pos.TroubleCode, about string)
	log    *slog.Logger
}

// run keeps copying until ctx ends. A copy that fails is a trouble and never the daemon's end.
func (k keeper) run(ctx context.Context) error {
	next := k.first(time.Now())
	for {
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			next = k.once(ctx)
		}
	}
}

// once makes one copy, says how it went and returns when the next is due.
func (k keeper) once(ctx context.Context) time.Time {
	c, err := k.backup(ctx)
	if err == nil {
		err = k.prune(k.keep)
	}
	switch {
	case err == nil:
		k.log.Info("backup", "file", filepath.Base(c.Path), "rows", c.Rows, "bytes", c.Bytes)
		k.clear(pos.TroubleBackup, "")
		return k.tonight(time.Now())
	case ctx.Err() == nil:
		k.log.Error("backup", "err", err)
		k.raise(pos.Trouble{Code: pos.TroubleBackup, Since: time.Now()})
	}
	return time.Now().Add(againIn)
}

// first is when the first copy of this start is due.
func (k keeper) first(now time.Time) time.Time {
	copies, err := k.copies()
	if err != nil || len(copies) == 0 || now.Sub(copies[0].At) > overdueAfter {
		return now.Add(overdueIn)
	}
	return k.tonight(now)
}

// tonight is the next instant at which the store's clock shows the time. Each date has one, also a date
// of 23 or 25 hours.
func (k keeper) tonight(now time.Time) time.Time {
	local := now.In(k.zone)
	minutes := int(k.at / time.Minute)
	for d := 0; ; d++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+d, minutes/60, minutes%60, 0, 0, k.zone)
		if at.After(now) {
			return at
		}
	}
}

// auditIn is how long after a start the whole file is read: the counter comes first.
const auditIn = 5 * time.Second

// audited reads the whole register file once, behind a register that serves. What a start cannot see in it ends the
// daemon: nothing more is written on top of it. Lists that differ from a whole journal are a trouble: they can be made of
// it again, and the counter goes on.
func audited(ctx context.Context, audit func(context.Context) error, raise func(pos.Trouble), log *slog.Logger) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(auditIn):
	}
	began := time.Now()
	err := audit(ctx)
	on := ctx.Err() == nil // else it was cut short, whatever it says
	switch {
	case on && errors.Is(err, store.ErrDamaged):
		log.Error("audit", "err", err)
		return err
	case on && errors.Is(err, store.ErrDiffers):
		log.Error("audit", "err", err)
		raise(pos.Trouble{Code: pos.TroubleListsDiffer, Since: began})
	case on && err != nil:
		log.Warn("audit", "err", err)
	case err == nil:
		log.Info("audit", "took", time.Since(began).Round(time.Millisecond).String())
	}
	debug.FreeOSMemory() // of what was read for it, and of the first requests
	return nil
}

// withRemedy says what to do about a data folder that nothing can be served from.
func withRemedy(cfg Config, err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return coded{exitTryAgain, err}
	case errors.Is(err, store.ErrWide):
		return coded{exitPermission, err}
	case errors.Is(err, os.ErrPermission):
		return coded{exitPermission, fmt.Errorf("%w: the folder and all in it belong to the account that posd runs as: chown -R ACCOUNT: %s", err, cfg.Data)}
	case errors.Is(err, syscall.EROFS):
		return coded{exitCannotCreate, fmt.Errorf("%w: the disk of %s takes no writes: dmesg says why; have it checked, and mount it again", err, cfg.Data)}
	case errors.Is(err, store.ErrRestored):
		return coded{exitBroken, fmt.Errorf("%w. Payments may have been made that it does not know. If this file is to be used, a manager takes it into service with: posd journal adopt --config FILE --by NAME --why TEXT", err)}
	case errors.Is(err, store.ErrDamaged):
		return coded{exitBroken, fmt.Errorf("%w. Keep a copy of %s as it is, and call support. To go on, put the newest copy of %s in the file's place, its -wal and -shm aside, and a manager takes it into service with: posd journal adopt --config FILE --by NAME --why TEXT", err, cfg.Data, cfg.backupDir())}
	}
	return err
}
