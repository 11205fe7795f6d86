package power

import (
	"context"
	"path"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// folder and entry are the disk as the kernel sees it. The library keeps the tree of names; the disk keeps
// what is in the files, and the log.
type folder struct {
	fs.Inode
	d *Disk
}

type entry struct {
	fs.Inode
	d *Disk
	f *file
}

var (
	_ fs.NodeCreater   = (*folder)(nil)
	_ fs.NodeMkdirer   = (*folder)(nil)
	_ fs.NodeUnlinker  = (*folder)(nil)
	_ fs.NodeRmdirer   = (*folder)(nil)
	_ fs.NodeRenamer   = (*folder)(nil)
	_ fs.NodeFsyncer   = (*folder)(nil)
	_ fs.NodeStatfser  = (*folder)(nil)
	_ fs.NodeGetattrer = (*folder)(nil)
	_ fs.NodeSetattrer = (*folder)(nil)
	_ fs.NodeOpener    = (*entry)(nil)
	_ fs.NodeReader    = (*entry)(nil)
	_ fs.NodeWriter    = (*entry)(nil)
	_ fs.NodeFsyncer   = (*entry)(nil)
	_ fs.NodeGetattrer = (*entry)(nil)
	_ fs.NodeSetattrer = (*entry)(nil)
)

func (n *folder) at(name string) string { return path.Join(n.Path(nil), name) }

func (n *folder) Create(ctx context.Context, name string, _ uint32, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	at := n.at(name)
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	f := &file{mode: mode & 0o7777}
	if _, errno := n.d.do(Op{Kind: Make, Name: at, file: f}); errno != 0 {
		return nil, nil, 0, errno
	}
	n.d.root[at] = f
	out.Mode = syscall.S_IFREG | f.mode
	return n.NewPersistentInode(ctx, &entry{d: n.d, f: f}, fs.StableAttr{Mode: syscall.S_IFREG}), nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *folder) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	if n.d.readonly {
		return nil, syscall.EROFS
	}
	n.d.folders = append(n.d.folders, n.at(name))
	out.Mode = syscall.S_IFDIR | 0o700
	return n.NewPersistentInode(ctx, &folder{d: n.d}, fs.StableAttr{Mode: syscall.S_IFDIR}), 0
}

func (n *folder) Rmdir(context.Context, string) syscall.Errno { return syscall.EPERM }

func (n *folder) Unlink(_ context.Context, name string) syscall.Errno {
	at := n.at(name)
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	f := n.d.root[at]
	if _, errno := n.d.do(Op{Kind: Remove, Name: at, file: f}); errno != 0 {
		return errno
	}
	delete(n.d.root, at)
	n.d.used -= int64(len(f.live))
	return 0
}

func (n *folder) Rename(_ context.Context, name string, to fs.InodeEmbedder, fresh string, flags uint32) syscall.Errno {
	dir, ok := to.(*folder)
	if !ok || flags != 0 {
		return syscall.EINVAL
	}
	from, target := n.at(name), dir.at(fresh)
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	f := n.d.root[from]
	if f == nil {
		return syscall.EPERM // folders stay where they are
	}
	if _, errno := n.d.do(Op{Kind: Rename, Name: from, To: target, file: f}); errno != 0 {
		return errno
	}
	if old := n.d.root[target]; old != nil {
		n.d.used -= int64(len(old.live))
	}
	delete(n.d.root, from)
	n.d.root[target] = f
	return 0
}

func (n *folder) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	_, errno := n.d.do(Op{Kind: Settle, Name: n.Path(nil)})
	return errno
}

func (n *folder) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	size := n.d.capacity
	if size == 0 {
		size = 1 << 40
	}
	out.Bsize, out.Frsize, out.NameLen = 512, 512, 255
	out.Blocks = uint64(size / 512)
	out.Bfree = uint64(max(0, size-n.d.used) / 512)
	out.Bavail = out.Bfree
	return 0
}

func (n *folder) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = syscall.S_IFDIR | 0o700
	return 0
}

func (n *folder) Setattr(ctx context.Context, f fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return n.Getattr(ctx, f, out)
}

func (e *entry) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	if e.d.readonly && flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		return nil, 0, syscall.EROFS
	}
	return nil, fuse.FOPEN_KEEP_CACHE, 0 // nobody but the kernel writes: its cache is never old
}

func (e *entry) Read(_ context.Context, _ fs.FileHandle, to []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	n := 0
	if off < int64(len(e.f.live)) {
		n = copy(to, e.f.live[off:])
	}
	return fuse.ReadResultData(to[:n]), 0
}

func (e *entry) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	at := e.Path(nil)
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	n, errno := e.d.do(Op{Kind: Write, Name: at, file: e.f, at: off, data: data})
	if errno != 0 {
		return 0, errno
	}
	if end := off + int64(n); end > int64(len(e.f.live)) {
		e.d.resize(e.f, end)
	}
	copy(e.f.live[off:], data[:n])
	return uint32(n), 0
}

func (e *entry) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	at := e.Path(nil)
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	_, errno := e.d.do(Op{Kind: Sync, Name: at, file: e.f})
	return errno
}

func (e *entry) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	out.Mode, out.Size, out.Nlink = syscall.S_IFREG|e.f.mode, uint64(len(e.f.live)), 1
	out.Blocks = (out.Size + 511) / 512
	return 0
}

func (e *entry) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	at := e.Path(nil)
	e.d.mu.Lock()
	if size, ok := in.GetSize(); ok {
		if _, errno := e.d.do(Op{Kind: Trim, Name: at, file: e.f, at: int64(size)}); errno != 0 {
			e.d.mu.Unlock()
			return errno
		}
		e.d.resize(e.f, int64(size))
	}
	if mode, ok := in.GetMode(); ok {
		e.f.mode = mode & 0o7777
	}
	e.d.mu.Unlock()
	return e.Getattr(ctx, h, out)
}
