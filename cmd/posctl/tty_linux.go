package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminal reports whether a person sits at f. A character device is not enough: /dev/null is one.
func terminal(f *os.File) bool {
	is := false
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	err = conn.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		is = err == nil
	})
	return err == nil && is
}
