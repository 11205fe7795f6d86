package power

/*
typedef struct sqlite3_vfs sqlite3_vfs;
__attribute__((weak)) sqlite3_vfs *sqlite3_vfs_find(const char *name);
__attribute__((weak)) int sqlite3_vfs_register(sqlite3_vfs *vfs, int standard);

static int index_in_memory(void) {
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix-excl");
	return vfs == 0 ? 1 : sqlite3_vfs_register(vfs, 1);
}
*/
import "C"

import _ "github.com/mattn/go-sqlite3" // what the weak names stand for

// The index of the log is kept in memory, not in a mapped file on the disk: when such a file is let go, the kernel writes
// it back with the address space of this process locked, and whoever must take that write, in this same process, may wait
// for the lock for ever. No power cut keeps the index, and no start trusts it.
func init() {
	if C.index_in_memory() != 0 {
		panic("SQLite has no unix-excl")
	}
}
