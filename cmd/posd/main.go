// Posd is the register daemon, and what must work without it: checking a configuration, looking for
// faults and proving the journal. It introduces the parts of the house to each other and decides
// nothing about money; it is the only place that knows viper.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a register without the system's time zones still knows its own

	"github.com/spf13/cobra"
)

// Exit codes: a contract with scripts and with the systemd unit.
const (
	exitFailed        = 1
	exitUsage         = 2
	exitBroken        = 65 // data is broken
	exitUnavailable   = 69
	exitInternal      = 70
	exitCannotCreate  = 73
	exitTryAgain      = 75
	exitPermission    = 77
	exitConfiguration = 78
)

// coded is an error that knows its exit code.
type coded struct {
	code int
	err  error
}

func (c coded) Error() string { return c.err.Error() }
func (c coded) Unwrap() error { return c.err }

// errSaid is an error about which everything was already said.
var errSaid = errors.New("already said")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole command. It returns the exit code when all it started has ended.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runAt(ctx, args, os.Stdin, stdout, stderr)
}

// runAt is run at another standard input than the process's own.
func runAt(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) int {
	log.SetOutput(io.Discard) // we do not use it, and net/http quotes there what came over the line: it may echo what we sent
	root := commands(house(), stdin, stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var faults Faults
	switch {
	case errors.Is(err, errSaid):
	case errors.As(err, &faults):
		fmt.Fprintf(stderr, "posd: the configuration has %s:\n", counted(len(faults)))
		for _, f := range faults {
			fmt.Fprintf(stderr, "  %s\n", f)
		}
	default:
		fmt.Fprintf(stderr, "posd: %v\n", err)
	}
	return exitOf(err)
}

func counted(faults int) string {
	if faults == 1 {
		return "one fault"
	}
	return fmt.Sprintf("%d faults", faults)
}

func exitOf(err error) int {
	var c coded
	var faults Faults
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &faults):
		return exitConfiguration
	case errors.Is(err, os.ErrPermission):
		return exitPermission
	}
	return exitFailed
}

// usage marks errors of the command line.
func usage(err error) error { return coded{exitUsage, err} }

// nothing refuses words behind a command.
func nothing(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(fmt.Errorf("%s takes no words behind it, and got %q; --help shows how", cmd.CommandPath(), args))
}
