// The part of SQLite's VFS interface, version 3, that the watch needs. It is declared here because go-sqlite3's header cannot be
// included from another module. SQLite promises that these structures only ever grow at their ends. See sqlite.org/c3ref/vfs.html
// and sqlite.org/c3ref/io_methods.html.
#ifndef POWERCUT_VFS_H
#define POWERCUT_VFS_H

#include <stdint.h>

enum {
	OK = 0,
	FULL = 13,
	CANNOT_OPEN = 14,
	IO_READ = 10 | 1 << 8,
	IO_WRITE = 10 | 3 << 8,
	IO_SYNC = 10 | 4 << 8,
	IO_TRUNCATE = 10 | 6 << 8,
	IO_DELETE = 10 | 10 << 8,

	OPEN_CREATE = 0x4,
	OPEN_ROLLBACK_JOURNAL = 0x800,
	OPEN_SUPER_JOURNAL = 0x4000,
	OPEN_WAL = 0x80000,
};

typedef struct file file;
typedef struct vfs vfs;

typedef struct methods {
	int version;
	int (*close)(file *);
	int (*read)(file *, void *, int, int64_t);
	int (*write)(file *, const void *, int, int64_t);
	int (*truncate)(file *, int64_t);
	int (*sync)(file *, int);
	int (*size)(file *, int64_t *);
	int (*lock)(file *, int);
	int (*unlock)(file *, int);
	int (*is_reserved)(file *, int *);
	int (*control)(file *, int, void *);
	int (*sector)(file *);
	int (*characteristics)(file *);
	int (*shm_map)(file *, int, int, int, void volatile **);
	int (*shm_lock)(file *, int, int, int);
	void (*shm_barrier)(file *);
	int (*shm_unmap)(file *, int);
} methods;

struct file {
	const methods *methods;
};

struct vfs {
	int version;
	int file_size;
	int longest_path;
	vfs *next;
	const char *name;
	void *data;
	int (*open)(vfs *, const char *, file *, int, int *);
	int (*delete)(vfs *, const char *, int);
	int (*access)(vfs *, const char *, int, int *);
	int (*full_path)(vfs *, const char *, int, char *);
	void *(*dl_open)(vfs *, const char *);
	void (*dl_error)(vfs *, int, char *);
	void (*(*dl_symbol)(vfs *, void *, const char *))(void);
	void (*dl_close)(vfs *, void *);
	int (*randomness)(vfs *, int, char *);
	int (*sleep)(vfs *, int);
	int (*current_time)(vfs *, double *);
	int (*last_error)(vfs *, int, char *);
	int (*current_time_int64)(vfs *, int64_t *);
};

extern vfs *sqlite3_vfs_find(const char *name);
extern int sqlite3_vfs_register(vfs *, int make_default);

extern int sqlite3_auto_extension(void (*)(void));
extern int sqlite3_db_config(void *, int, ...);
extern int sqlite3_config(int, ...);

int powercut_watch(void);
int powercut_unwatch(void);
int powercut_hurry(void);

#endif
