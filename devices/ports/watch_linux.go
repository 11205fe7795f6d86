package ports

import (
	"os"

	"golang.org/x/sys/unix"
)

// notices asks the kernel to tell about the folders that again is called with. Where it will not, told stays
// silent and the sweep has to do. stop ends it and waits.
func notices() (told <-chan struct{}, again func([]string), stop func()) {
	moved := make(chan struct{}, 1)
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return moved, func([]string) {}, func() {}
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
	again = func(dirs []string) {
		for _, dir := range dirs {
			// One that is not there is looked for at the next sweep; one that is watched stays so.
			_, _ = unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVED_TO|unix.IN_MOVED_FROM|unix.IN_ATTRIB)
		}
	}
	return moved, again, func() {
		_ = f.Close()
		<-ended
	}
}
