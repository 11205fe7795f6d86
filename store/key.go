package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const keySize = 32

// ErrWide says that others may read the key: who has it can write a journal that nobody tells from ours.
var ErrWide = errors.New("the register key may be read by others")

// LoadKey reads the key of a register, and makes it when there is none and no register file either. A key that others
// may read, or of another size, is refused with the remedy.
func LoadKey(path, register string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err := os.Stat(register); err == nil && file.Size() > 0 {
			return nil, fmt.Errorf("%w: its key %s is not there, and with another one %s cannot be continued: put the right file back, mode 600", ErrDamaged, path, register)
		}
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("register key: %w", err)
	}
	forbidden := fs.FileMode(0o077)
	if filepath.Dir(path) != filepath.Dir(register) {
		forbidden = 0o007 // systemd handed it over, and carries its access list in the group's bits
	}
	if info.Mode().Perm()&forbidden != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o: chmod 600 %s", ErrWide, path, info.Mode().Perm(), path)
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("register key: %w", err)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("%w: its key %s has %d bytes and not %d: put the right file back, mode 600", ErrDamaged, path, len(key), keySize)
	}
	return key, nil
}

func makeKey(path string) (_ []byte, err error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("register key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("register key: %w", err)
	}
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(path))); err != nil {
		return nil, fmt.Errorf("register key: %w", err)
	}
	return key, nil
}

// syncFolder makes a new file's name as durable as its bytes.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
