// Package power is a disk for tests that behaves as badly as disks do: it remembers what was written and
// what was synced, so that what a power cut leaves can be built for every point; and it fails, fills up
// or turns read-only on request.
//
// It is a FUSE file system, so that the real SQLite and the real daemon run on it unchanged. It belongs to
// no product: it is a module of its own.
package power

import (
	"slices"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Kind is what an operation does to the disk.
type Kind uint8

// The kinds. Reading is none: it changes nothing.
const (
	Write  Kind = iota + 1 // bytes of a file
	Trim                   // a file's length
	Sync                   // of a file: what was written before is kept from now on
	Settle                 // of a folder: names are kept from now on
	Make                   // a file's name
	Folder                 // a folder's name; kept at once
	Remove                 // a name
	Rename                 // a name
)

func (k Kind) String() string {
	return [...]string{"?", "write", "trim", "sync", "settle", "make", "folder", "remove", "rename"}[k]
}

// Op is one thing that was done to the disk.
type Op struct {
	Kind     Kind
	Name, To string // below the root; To of a rename
	file     *file
	at       int64
	data     []byte
	failed   bool // a sync that failed: what was written before it never comes to the disk
}

// Fault is what goes wrong with an operation: an error, or for a write only so many bytes.
type Fault struct {
	Errno syscall.Errno
	Short int
}

type file struct {
	live []byte
	mode uint32
}

// Disk is mounted at a folder until Unmount.
type Disk struct {
	server *fuse.Server

	mu       sync.Mutex
	root     map[string]*file // what programs see
	folders  []string
	start    map[string]image // what was there when the log began
	log      []Op
	used     int64
	capacity int64 // 0 is without end
	readonly bool
	fault    func(n int, op Op) *Fault // n counts from 1
	counted  int
}

type image struct {
	file *file
	data []byte
}

// Mount mounts an empty disk at dir. It needs /dev/fuse and a process that may mount.
func Mount(dir string) (*Disk, error) {
	d := &Disk{root: map[string]*file{}, start: map[string]image{}}
	server, err := fs.Mount(dir, &folder{d: d}, &fs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "power", Name: "power", DisableXAttrs: true, MaxWrite: 128 << 10}})
	if err != nil {
		return nil, err
	}
	d.server = server
	return d, nil
}

// Unmount takes the disk away. Nothing may be open on it.
func (d *Disk) Unmount() error { return d.server.Unmount() }

// Begin takes what is there for durable, and the log begins anew.
func (d *Disk) Begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log, d.start = nil, map[string]image{}
	for name, f := range d.root {
		d.start[name] = image{f, slices.Clone(f.live)}
	}
}

// Mark is how many operations there have been since Begin.
func (d *Disk) Mark() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.log)
}

// Limit makes the disk so large, in bytes; 0 is without end. Used is what lies on it.
func (d *Disk) Limit(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Used is how many bytes lie on the disk.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// ReadOnly is what a file system does to itself after an error.
func (d *Disk) ReadOnly(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readonly = on
}

// Fail decides for each operation from now on what goes wrong with it; nil heals the disk. Counted is how
// many there were.
func (d *Disk) Fail(fault func(n int, op Op) *Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.counted = fault, 0
}

// Counted is how many operations there were since Fail.
func (d *Disk) Counted() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counted
}

// do notes an operation, unless it goes wrong. The caller holds the lock.
func (d *Disk) do(op Op) (short int, errno syscall.Errno) {
	short = len(op.data)
	if d.readonly && op.Kind != Sync && op.Kind != Settle {
		return 0, syscall.EROFS
	}
	if d.capacity > 0 {
		grows := int64(0)
		switch op.Kind {
		case Write:
			grows = op.at + int64(len(op.data)) - int64(len(op.file.live))
		case Trim:
			grows = op.at - int64(len(op.file.live))
		case Make:
			grows = 1
		}
		if grows > 0 && d.used+grows > d.capacity {
			return 0, syscall.ENOSPC
		}
	}
	if shared(op.Name) {
		return short, 0
	}
	d.counted++
	if d.fault != nil {
		if f := d.fault(d.counted, op); f != nil {
			switch {
			case f.Errno != 0 && op.Kind == Sync:
				op.failed = true
				d.log = append(d.log, op)
				return 0, f.Errno
			case f.Errno != 0:
				return 0, f.Errno
			case op.Kind == Write && f.Short > 0 && f.Short < len(op.data):
				short = f.Short
				op.data = op.data[:short]
			}
		}
	}
	op.data = slices.Clone(op.data)
	d.log = append(d.log, op)
	return short, 0
}

// shared is SQLite's index of the log, which lives in memory: it is built anew by whoever opens the file
// first, and nothing of it needs to come through a power cut.
func shared(name string) bool { return len(name) > 4 && name[len(name)-4:] == "-shm" }

func (d *Disk) resize(f *file, size int64) {
	d.used += size - int64(len(f.live))
	if size <= int64(len(f.live)) {
		f.live = f.live[:size]
		return
	}
	f.live = append(f.live, make([]byte, size-int64(len(f.live)))...)
}
