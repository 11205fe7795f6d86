package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockFile holds an exclusive lock for the life of the process, beside the database: SQLite's own locks
// guard single writes, ours guards the till's memory of them.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("register lock: %w", err)
	}
	if err := f.Chmod(0o600); err != nil {
		return nil, fmt.Errorf("register lock: %w", errors.Join(err, f.Close()))
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: stop the other posd first (%s)", ErrLocked, path)
		}
		return nil, fmt.Errorf("register lock: %w", err)
	}
	return f, nil
}

// networks are file systems whose locks and syncs SQLite cannot trust (magic numbers of statfs(2)).
var networks = map[int64]string{
	0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "CIFS", 0xFE534D42: "SMB2", 0x01021997: "9P", 0x564C: "NCP", 0x73757245: "Coda",
	0x5346414F: "AFS", 0x00C36400: "Ceph", 0x0BD00BD0: "Lustre", 0x013111A8: "IBRIX", 0x7461636F: "OCFS2", 0x01161970: "GFS2",
}

// local refuses a path on a network file system; kind tells the file system's magic number.
func local(path string, kind func(string) (int64, error)) error {
	magic, err := kind(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("register folder: %w", err)
	}
	if name, ok := networks[magic]; ok {
		return fmt.Errorf("%w (%s): put the data folder on a disk of this machine", ErrNetwork, name)
	}
	return nil
}

func filesystem(folder string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return 0, err
	}
	return int64(st.Type), nil
}
