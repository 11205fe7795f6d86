package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// renew writes the write-ahead log over itself and syncs it. After a sync that failed the kernel goes on to show
// bytes that never came to the disk and calls them clean: every commit behind them would be lost in the next power
// cut, although its own sync went well. A log that is there at the start was left behind by a crash or by such a
// failure, and nobody can tell which.
func renew(log string) error {
	f, err := os.OpenFile(log, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	piece := make([]byte, 1<<20)
	for at := int64(0); err == nil; {
		n, end := f.ReadAt(piece, at)
		if _, err = f.WriteAt(piece[:n], at); err == nil {
			err = end
		}
		at += int64(n)
	}
	if errors.Is(err, io.EOF) {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	return nil
}
