// A VFS that does what SQLite's own for Unix does, and tells the Go side of every change before it is made. Once the Go side says
// that the power is off, nothing is written, synced or read any more. Locks and shared memory go straight through: they are no part
// of the disk, and a program has to be able to let go of its files.
#include "vfs_linux.h"
#include "_cgo_export.h"

static vfs *system_vfs;
static int alone; // no other process opens a database that this one has open

// A watched file: the system's own file lies behind it in the same allocation.
typedef struct watched {
	file base;
	int number;
} watched;

// inner is the system's file, aligned as SQLite aligns its own.
static size_t offset(void) { return (sizeof(watched) + 15) & ~(size_t)15; }
static file *inner(file *f) { return (file *)((char *)f + offset()); }
static int number(file *f) { return ((watched *)f)->number; }

static int w_close(file *f) {
	powercutClosed(number(f));
	return inner(f)->methods->close(inner(f));
}

static int w_read(file *f, void *into, int n, int64_t at) {
	return powercutIsDark(number(f)) ? IO_READ : inner(f)->methods->read(inner(f), into, n, at);
}

static int w_write(file *f, const void *from, int n, int64_t at) {
	switch (powercutWrite(number(f), (void *)from, n, at)) {
	case 0:
		return inner(f)->methods->write(inner(f), from, n, at);
	case 2:
		return FULL;
	}
	return IO_WRITE;
}

static int w_truncate(file *f, int64_t size) {
	return powercutTruncate(number(f), size) ? IO_TRUNCATE : inner(f)->methods->truncate(inner(f), size);
}

// A sync counts for the disk that is played here; the machine's own disk need not wait for it.
static int w_sync(file *f, int flags) {
	(void)flags;
	return powercutSync(number(f)) ? IO_SYNC : OK;
}

static int w_size(file *f, int64_t *size) { return inner(f)->methods->size(inner(f), size); }
static int w_lock(file *f, int level) { return inner(f)->methods->lock(inner(f), level); }
static int w_unlock(file *f, int level) { return inner(f)->methods->unlock(inner(f), level); }
static int w_is_reserved(file *f, int *answer) { return inner(f)->methods->is_reserved(inner(f), answer); }
static int w_control(file *f, int op, void *arg) { return inner(f)->methods->control(inner(f), op, arg); }
static int w_sector(file *f) { return inner(f)->methods->sector(inner(f)); }
static int w_characteristics(file *f) { return inner(f)->methods->characteristics(inner(f)); }

static int w_shm_map(file *f, int region, int size, int extend, void volatile **at) {
	return inner(f)->methods->shm_map(inner(f), region, size, extend, at);
}

static int w_shm_lock(file *f, int from, int n, int flags) {
	return inner(f)->methods->shm_lock(inner(f), from, n, flags);
}

static void w_shm_barrier(file *f) { inner(f)->methods->shm_barrier(inner(f)); }
static int w_shm_unmap(file *f, int remove) { return inner(f)->methods->shm_unmap(inner(f), remove); }

// Version 2: with shared memory, without memory-mapped reads.
static const methods watching = {
	2, w_close, w_read, w_write, w_truncate, w_sync, w_size, w_lock, w_unlock, w_is_reserved, w_control, w_sector,
	w_characteristics, w_shm_map, w_shm_lock, w_shm_barrier, w_shm_unmap,
};

static int w_open(vfs *v, const char *path, file *f, int flags, int *out) {
	(void)v;
	// A file without a name is a temporary one, which no power cut leaves behind.
	if (path == 0 || !powercutIsWatched((char *)path)) return system_vfs->open(system_vfs, path, f, flags, out);
	// SQLite's VFS for Unix syncs the folder with the first sync of a journal that it made.
	int journal = (flags & (OPEN_ROLLBACK_JOURNAL | OPEN_SUPER_JOURNAL | OPEN_WAL)) != 0;
	int n = powercutOpen((char *)path, (flags & OPEN_CREATE) != 0, journal);
	if (n < 0) {
		f->methods = 0;
		return CANNOT_OPEN;
	}
	int result = system_vfs->open(system_vfs, path, inner(f), flags, out);
	if (result != OK) {
		powercutClosed(n);
		f->methods = 0;
		return result;
	}
	f->methods = &watching;
	((watched *)f)->number = n;
	return OK;
}

static int w_delete(vfs *v, const char *path, int sync_folder) {
	(void)v;
	if (powercutIsWatched((char *)path) && powercutDelete((char *)path, sync_folder)) return IO_DELETE;
	return system_vfs->delete(system_vfs, path, 0);
}

// What asks nothing of the disk is asked of the system's VFS, which finds its own data in the pointer it is handed.
static int w_access(vfs *v, const char *path, int flags, int *answer) {
	(void)v;
	return system_vfs->access(system_vfs, path, flags, answer);
}

static int w_full_path(vfs *v, const char *path, int n, char *into) {
	(void)v;
	return system_vfs->full_path(system_vfs, path, n, into);
}

static vfs watching_vfs;

int powercut_watch(void) {
	if (system_vfs == 0) {
		vfs *found = sqlite3_vfs_find(alone ? "unix-excl" : "unix");
		if (found == 0) return 1;
		watching_vfs = *found;
		watching_vfs.version = 2; // without the replaceable system calls
		watching_vfs.next = 0;
		watching_vfs.name = "powercut";
		watching_vfs.file_size = (int)offset() + found->file_size;
		watching_vfs.open = w_open;
		watching_vfs.delete = w_delete;
		watching_vfs.access = w_access;
		watching_vfs.full_path = w_full_path;
		system_vfs = found;
	}
	return sqlite3_vfs_register(&watching_vfs, 1);
}

int powercut_unwatch(void) { return sqlite3_vfs_register(system_vfs, 1); }

enum { ENABLE_QPSG = 1007, CONFIG_MEMSTATUS = 9, CONFIG_LOOKASIDE = 13 };

static int keep_plans(void *db, char **message, const void *api) {
	(void)message;
	(void)api;
	return sqlite3_db_config(db, ENABLE_QPSG, 1, (int *)0);
}

int powercut_hurry(void) {
	int result = sqlite3_config(CONFIG_MEMSTATUS, 0);
	if (result == OK) result = sqlite3_config(CONFIG_LOOKASIDE, 1200, 200);
	if (result == OK) result = sqlite3_vfs_register(sqlite3_vfs_find("unix-excl"), 1);
	alone = 1;
	return result != OK ? result : sqlite3_auto_extension((void (*)(void))keep_plans);
}
