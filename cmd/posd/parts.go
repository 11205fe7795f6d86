package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"posd/pos"
	"posd/store"
)

// errKey says that it is the key and not the journal that is at fault.
var errKey = errors.New("key")

// parts is what the commands beside serve need of the rest of the house. A nil function is a part that
// this build lacks.
type parts struct {
	drivers map[pos.Role][]string // what the desk can drive

	// verify proves the journal of a register file, live or a copy, without writing to it.
	verify func(ctx context.Context, file, key string) (verdict, error)

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
	return parts{drivers: drivers(), verify: verify, signIn: signIn}
}

// verify reads the key and walks the chain. The caller has seen that both files are there: the store
// makes a key where there is none.
func verify(ctx context.Context, file, key string) (verdict, error) {
	secret, err := store.LoadKey(key)
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %w", errKey, err)
	}
	v, err := store.Verify(ctx, file, secret)
	return verdict{v.Whole, v.Rows, v.Head, v.Broken, v.Why}, err
}

// signIn asks the acquirer on a fresh connection, as the daemon does.
func signIn(ctx context.Context, cfg Config) error {
	acquirer, err := dialects()[cfg.Acquirer.Dialect](cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return acquirer.Ready(ctx)
}
