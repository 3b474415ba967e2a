/*
 * Makes one operation on a log's files fail, to be loaded with LD_PRELOAD.
 *
 * FAULTY_FILES is the path that the files' names begin with. FAULTY_CONTROL names a file that says what fails:
 * "<operation> <at> <times> <errno>", with 0 for the first operation of its kind since the line was changed;
 * "count" only counts. What was counted is appended to FAULTY_CONTROL.log whenever the line changes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE, SYNC, TRUNCATE, RENAME, KINDS };
static const char *names[KINDS] = { "write", "sync", "truncate", "rename" };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char line[128];
static long counts[KINDS];

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *);

__attribute__((constructor)) static void find_real(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_rename = dlsym(RTLD_NEXT, "rename");
}

static int is_log_path(const char *path) {
  const char *prefix = getenv("FAULTY_FILES");
  return prefix != NULL && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int is_log_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_log_path(path);
}

static void read_control(void) {
  char now[sizeof line] = "";
  int file = open(getenv("FAULTY_CONTROL"), O_RDONLY);
  if (file >= 0) {
    ssize_t length = read(file, now, sizeof now - 1);
    if (length > 0) now[length] = 0;
    close(file);
  }
  if (strcmp(now, line) == 0) return;
  char name[4096], text[160];
  snprintf(name, sizeof name, "%s.log", getenv("FAULTY_CONTROL"));
  int log = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
  int length = snprintf(text, sizeof text, "%ld %ld %ld %ld\n", counts[WRITE], counts[SYNC], counts[TRUNCATE],
                        counts[RENAME]);
  if (log >= 0) {
    real_write(log, text, length);
    close(log);
  }
  strcpy(line, now);
  memset(counts, 0, sizeof counts);
}

/* 0, or the error that this operation is to fail with. */
static int fault_of(int kind) {
  pthread_mutex_lock(&lock);
  read_control();
  char operation[16] = "";
  long at = 0, times = 0;
  int code = 0;
  long count = counts[kind]++;
  int read = sscanf(line, "%15s %ld %ld %d", operation, &at, &times, &code);
  int fails = read == 4 && strcmp(operation, names[kind]) == 0 && count >= at && count < at + times;
  pthread_mutex_unlock(&lock);
  return fails ? code : 0;
}

static int fault(int kind, int fd) { return is_log_file(fd) ? fault_of(kind) : 0; }

/* A write that fails has taken half of its bytes. */
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
  int code = fault(WRITE, fd);
  if (code == 0) return real_pwrite(fd, data, size, offset);
  real_pwrite(fd, data, size / 2, offset);
  errno = code;
  return -1;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

ssize_t write(int fd, const void *data, size_t size) {
  int code = fault(WRITE, fd);
  if (code == 0) return real_write(fd, data, size);
  errno = code;
  return -1;
}

int fdatasync(int fd) {
  int code = fault(SYNC, fd);
  if (code == 0) return real_fdatasync(fd);
  errno = code;
  return -1;
}

int fsync(int fd) {
  int code = fault(SYNC, fd);
  if (code == 0) return real_fsync(fd);
  errno = code;
  return -1;
}

int ftruncate64(int fd, off_t size) {
  int code = fault(TRUNCATE, fd);
  if (code == 0) return real_ftruncate(fd, size);
  errno = code;
  return -1;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int rename(const char *from, const char *to) {
  int code = is_log_path(to) ? fault_of(RENAME) : 0;
  if (code == 0) return real_rename(from, to);
  errno = code;
  return -1;
}
