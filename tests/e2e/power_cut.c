/* SPDX-License-Identifier: Apache-2.0
 *
 * A library for LD_PRELOAD that stands before libc. It logs what a program does to the folder
 * CUT_ROOT: names that change, and files and folders that are synced, with the bytes of each synced
 * file. After CUT_AT such operations it kills the process group, as a power cut would end it.
 * tests/e2e/test_power_cut.py makes from the log what a disk would hold.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long operations;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Makes an absolute path. Returns whether it is below CUT_ROOT. */
static int watched(int folder, const char* path, char* full) {
  const char* root = getenv("CUT_ROOT");
  if (root == NULL) return 0;
  if (path[0] == '/') {
    snprintf(full, PATH_MAX, "%s", path);
  } else {
    char link[64];
    char base[PATH_MAX];
    if (folder == AT_FDCWD)
      snprintf(link, sizeof link, "/proc/self/cwd");
    else
      snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    const ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return 0;
    base[length] = 0;
    if (snprintf(full, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
  }
  const size_t size = strlen(root);
  return strncmp(full, root, size) == 0 && (full[size] == '/' || full[size] == 0);
}

/* Appends a line to the log; ends the process group when it was the last one wished for. */
static void note(const char* format, ...) {
  char line[3 * PATH_MAX];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/log", getenv("CUT_LOG"));
  const int file = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0 || write(file, line, (size_t)length) != length) abort();
  close(file);
  const char* last = getenv("CUT_AT");
  if (last != NULL && ++operations == atol(last)) kill(0, SIGKILL);
}

static int opened(int (*real)(int, const char*, int, ...), int folder, const char* path, int flags,
                  mode_t mode) {
  char full[PATH_MAX];
  if ((flags & O_CREAT) == 0 || !watched(folder, path, full)) return real(folder, path, flags, mode);
  pthread_mutex_lock(&mutex);
  struct stat status;
  const int is_new = stat(full, &status) != 0;
  const int file = real(folder, path, flags, mode);
  if (file >= 0 && is_new && fstat(file, &status) == 0)
    note("create\t%lu\t%s\n", (unsigned long)status.st_ino, full);
  pthread_mutex_unlock(&mutex);
  return file;
}

#define MODE                                    \
  mode_t mode = 0;                              \
  if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list arguments;                          \
    va_start(arguments, flags);                 \
    mode = (mode_t)va_arg(arguments, int);      \
    va_end(arguments);                          \
  }

int open(const char* path, int flags, ...) {
  MODE return opened(REAL(openat), AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE return opened(REAL(openat), AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  MODE return opened(REAL(openat), folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  MODE return opened(REAL(openat), folder, path, flags | O_LARGEFILE, mode);
}

/* Keeps the bytes of a file that is synced; notes a folder that is. */
static int synced(int (*real)(int), int file) {
  char link[64], full[PATH_MAX], seen[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, seen, sizeof seen - 1);
  if (length < 0) return real(file);
  seen[length] = 0;
  if (!watched(AT_FDCWD, seen, full)) return real(file);
  pthread_mutex_lock(&mutex);
  struct stat status;
  const int result = real(file);
  if (result == 0 && fstat(file, &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      note("folder\t%s\n", full);
    } else {
      static long number;
      char copy[PATH_MAX], block[1 << 16];
      snprintf(copy, sizeof copy, "%s/%d.%ld", getenv("CUT_LOG"), (int)getpid(), ++number);
      const int from = REAL(open)(link, O_RDONLY | O_CLOEXEC);
      const int to = REAL(open)(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
      if (from < 0 || to < 0) abort();
      for (ssize_t count; (count = read(from, block, sizeof block)) > 0;)
        if (write(to, block, (size_t)count) != count) abort();
      close(from);
      close(to);
      note("file\t%lu\t%s\n", (unsigned long)status.st_ino, copy);
    }
  }
  pthread_mutex_unlock(&mutex);
  return result;
}
int fsync(int file) { return synced(REAL(fsync), file); }
int fdatasync(int file) { return synced(REAL(fdatasync), file); }

/* Calls the function and notes its names when it succeeds. */
#define NAMED(call, word, folder, path)                       \
  char full[PATH_MAX];                                        \
  if (!watched(folder, path, full)) return call;              \
  pthread_mutex_lock(&mutex);                                 \
  const int result = call;                                    \
  const int error = errno;                                    \
  if (result == 0) note("%s\t%s\n", word, full);              \
  pthread_mutex_unlock(&mutex);                               \
  errno = error;                                              \
  return result;

#define MOVED(call, word, old_folder, old_path, new_folder, new_path)     \
  char from[PATH_MAX], to[PATH_MAX];                                      \
  if (!watched(old_folder, old_path, from) | !watched(new_folder, new_path, to)) return call; \
  pthread_mutex_lock(&mutex);                                             \
  const int result = call;                                                \
  const int error = errno;                                                \
  if (result == 0) note("%s\t%s\t%s\n", word, from, to);                  \
  pthread_mutex_unlock(&mutex);                                           \
  errno = error;                                                          \
  return result;

int unlink(const char* path) { NAMED(REAL(unlink)(path), "unlink", AT_FDCWD, path) }
int rmdir(const char* path) { NAMED(REAL(rmdir)(path), "unlink", AT_FDCWD, path) }
int remove(const char* path) { NAMED(REAL(remove)(path), "unlink", AT_FDCWD, path) }
int unlinkat(int folder, const char* path, int flags) {
  NAMED(REAL(unlinkat)(folder, path, flags), "unlink", folder, path)
}
int mkdir(const char* path, mode_t mode) { NAMED(REAL(mkdir)(path, mode), "mkdir", AT_FDCWD, path) }
int mkdirat(int folder, const char* path, mode_t mode) {
  NAMED(REAL(mkdirat)(folder, path, mode), "mkdir", folder, path)
}
int rename(const char* old, const char* new) {
  MOVED(REAL(rename)(old, new), "rename", AT_FDCWD, old, AT_FDCWD, new)
}
int renameat(int old_folder, const char* old, int new_folder, const char* new) {
  MOVED(REAL(renameat)(old_folder, old, new_folder, new), "rename", old_folder, old, new_folder, new)
}
int renameat2(int old_folder, const char* old, int new_folder, const char* new,
              unsigned int flags) {
  MOVED(REAL(renameat2)(old_folder, old, new_folder, new, flags), "rename", old_folder, old,
        new_folder, new)
}
int link(const char* old, const char* new) {
  MOVED(REAL(link)(old, new), "link", AT_FDCWD, old, AT_FDCWD, new)
}
