package ports

import (
	"os"

	"golang.org/x/sys/unix"
)

// notices asks the kernel to tell about the folders that again is called with, which reports whether it will of the
// first, in which the others come to be. Where it will not, told stays silent and the sweep has to do. stop ends it
// and waits.
func notices() (told <-chan struct{}, again func([]string) bool, stop func()) {
	moved := make(chan struct{}, 1)
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return moved, func([]string) bool { return false }, func() {}
	}
	f := os.NewFile(uintptr(fd), "inotify") // non-blocking: Close wakes the read
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 4096)
		for {
			if n, err := f.Read(b); err != nil || n == 0 {
				return
			}
			select {
			case moved <- struct{}{}:
			default:
			}
		}
	}()
	again = func(dirs []string) (first bool) {
		for i, dir := range dirs {
			// One that is not there is looked for when something comes to the one above it; one that is watched stays so.
			_, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVED_TO|unix.IN_MOVED_FROM|unix.IN_ATTRIB)
			first = first || (i == 0 && err == nil)
		}
		return first
	}
	return moved, again, func() {
		_ = f.Close()
		<-ended
	}
}
