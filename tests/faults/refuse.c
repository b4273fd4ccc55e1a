/* Has the n-th call that writes below certain directories fail, of all processes that are started.
 *
 * REFUSE names a file of `struct state`, which all of them map: whoever started the first one says
 * there what is to be refused, and reads how often each call was met. REFUSE_BELOW is the
 * directories, with a colon between two. Loaded by LD_PRELOAD, which is handed on to every program
 * that is executed, whatever its environment is made to be.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN, WRITE, SYNC, RENAME, LINK, MKDIR, TRUNCATE, COPY, KINDS };

struct state {
	_Atomic long counting;	/* 0: everything is left alone */
	_Atomic long met;	/* calls so far, of every kind */
	_Atomic long first;	/* these and those between are refused */
	_Atomic long last;
	_Atomic long error;
	_Atomic long of_kind[KINDS];
	_Atomic long refused[KINDS];
};

static struct state *state;
static char below[8192];

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("REFUSE"), *places = getenv("REFUSE_BELOW");
	if (!path || !places)
		return;
	strncpy(below, places, sizeof below - 1);
	int (*really_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	int file = really_open(path, O_RDWR | O_CLOEXEC);
	if (file < 0)
		return;
	void *mapped = mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED)
		state = mapped;
}

static int is_below(const char *path)
{
	for (const char *one = below; *one;) {
		size_t size = strcspn(one, ":");
		if (!strncmp(path, one, size) && (path[size] == '/' || !path[size]))
			return 1;
		one += size + (one[size] == ':');
	}
	return 0;
}

static int is_file_below(int file)
{
	char link[40], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t size = readlink(link, path, sizeof path - 1);
	if (size <= 0)
		return 0;
	path[size] = 0;
	return is_below(path);
}

static int is_path_below(int place, const char *path)
{
	char here[4096];
	if (!path)
		return 0;
	if (*path == '/')
		return is_below(path);
	if (place != AT_FDCWD)
		return is_file_below(place);
	return getcwd(here, sizeof here) && is_below(here);
}

static int refused(enum kind kind)
{
	atomic_fetch_add(&state->of_kind[kind], 1);
	long nth = atomic_fetch_add(&state->met, 1) + 1;
	if (nth < state->first || nth > state->last)
		return 0;
	atomic_fetch_add(&state->refused[kind], 1);
	errno = (int)state->error;
	return 1;
}

#define COUNTED (state && state->counting)
#define REAL(name) \
	static __typeof__(name) *really; \
	if (!really) \
		really = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define ON_FILE(result, name, kind, parameters, arguments) \
	result name parameters \
	{ \
		REAL(name); \
		if (COUNTED && is_file_below(file) && refused(kind)) \
			return -1; \
		return really arguments; \
	}

#define ON_PATH(name, kind, where, path, parameters, arguments) \
	int name parameters \
	{ \
		REAL(name); \
		if (COUNTED && is_path_below(where, path) && refused(kind)) \
			return -1; \
		return really arguments; \
	}

#define OPENING(name, where, parameters, arguments) \
	int name parameters \
	{ \
		REAL(name); \
		mode_t mode = 0; \
		if (flags & (O_CREAT | O_TMPFILE)) { \
			va_list more; \
			va_start(more, flags); \
			mode = va_arg(more, mode_t); \
			va_end(more); \
		} \
		if ((flags & (O_CREAT | O_TRUNC)) && COUNTED && is_path_below(where, path) && \
		    refused(OPEN)) \
			return -1; \
		return really arguments; \
	}

OPENING(open, AT_FDCWD, (const char *path, int flags, ...), (path, flags, mode))
OPENING(open64, AT_FDCWD, (const char *path, int flags, ...), (path, flags, mode))
OPENING(openat, place, (int place, const char *path, int flags, ...), (place, path, flags, mode))
OPENING(openat64, place, (int place, const char *path, int flags, ...), (place, path, flags, mode))

ON_FILE(ssize_t, write, WRITE, (int file, const void *data, size_t size), (file, data, size))
ON_FILE(ssize_t, pwrite, WRITE, (int file, const void *d, size_t s, off_t at), (file, d, s, at))
ON_FILE(ssize_t, pwrite64, WRITE, (int file, const void *d, size_t s, off64_t at), (file, d, s, at))
ON_FILE(ssize_t, writev, WRITE, (int file, const struct iovec *many, int n), (file, many, n))
ON_FILE(int, fsync, SYNC, (int file), (file))
ON_FILE(int, fdatasync, SYNC, (int file), (file))
ON_FILE(int, ftruncate, TRUNCATE, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, TRUNCATE, (int file, off64_t size), (file, size))
ON_FILE(ssize_t, copy_file_range, COPY,
	(int from, off64_t *a, int file, off64_t *b, size_t size, unsigned flags),
	(from, a, file, b, size, flags))

ON_PATH(rename, RENAME, AT_FDCWD, to, (const char *from, const char *to), (from, to))
ON_PATH(renameat, RENAME, q, to, (int p, const char *from, int q, const char *to), (p, from, q, to))
ON_PATH(renameat2, RENAME, q, to, (int p, const char *from, int q, const char *to, unsigned flags),
	(p, from, q, to, flags))
ON_PATH(link, LINK, AT_FDCWD, to, (const char *from, const char *to), (from, to))
ON_PATH(linkat, LINK, q, to, (int p, const char *from, int q, const char *to, int flags),
	(p, from, q, to, flags))
ON_PATH(symlink, LINK, AT_FDCWD, to, (const char *from, const char *to), (from, to))
ON_PATH(symlinkat, LINK, q, to, (const char *from, int q, const char *to), (from, q, to))
ON_PATH(mkdir, MKDIR, AT_FDCWD, path, (const char *path, mode_t mode), (path, mode))
ON_PATH(mkdirat, MKDIR, place, path, (int place, const char *path, mode_t mode), (place, path, mode))

int execve(const char *path, char *const arguments[], char *const environment[])
{
	static const char *const ours[] = {"LD_PRELOAD", "REFUSE", "REFUSE_BELOW"};
	REAL(execve);
	if (!state)
		return really(path, arguments, environment);
	size_t count = 0;
	while (environment && environment[count])
		count++;
	char *all[count + 4], texts[3][8300];
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environment[i], "LD_PRELOAD=", 11) && strncmp(environment[i], "REFUSE", 6))
			all[kept++] = environment[i];
	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(ours[i]);
		if (!value)
			continue;
		snprintf(texts[i], sizeof texts[i], "%s=%s", ours[i], value);
		all[kept++] = texts[i];
	}
	all[kept] = NULL;
	return really(path, arguments, all);
}
