/*
 * The floor of a cold snapshot: reads and hashes the files of a list on some threads, and does nothing else. For each file
 * lstat, openat, fstat, read, SHA-256, fstat and close; the list is given, and nothing is saved.
 *
 *   cold THREADS < LIST      LIST has paths below the working directory, each ended by NUL
 *
 * Prints the exclusive or of all digests.
 */
#include "floor.h"

#define PATHS_A_TURN 64
#define BUFFER_BYTES (256 * 1024)

static char **paths;
static size_t path_count;
static atomic_size_t taken;
static uint8_t sum[DIGEST_BYTES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void hash_file(const char *path, sha256 *hash, char *buffer, uint8_t *digest) {
  struct stat listed, before, after;
  if (lstat(path, &listed) != 0) fail("lstat", path);
  int file = openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 || fstat(file, &before) != 0) fail("open", path);
  sha256_start(hash);
  for (off_t done = 0; done < before.st_size;) {
    ssize_t count = read(file, buffer, BUFFER_BYTES);
    if (count <= 0) fail("read", path);
    sha256_add(hash, buffer, (size_t)count);
    done += count;
  }
  sha256_end(hash, digest);
  if (fstat(file, &after) != 0 || close(file) != 0) fail("fstat", path);
  if (listed.st_ino != before.st_ino || before.st_size != after.st_size) fail("it changes", path);
}

static void *hash_files(void *unused) {
  (void)unused;
  sha256 *hash = sha256_new();
  char *buffer = need(malloc(BUFFER_BYTES));
  uint8_t own[DIGEST_BYTES] = {0}, digest[DIGEST_BYTES];
  for (;;) {
    size_t from = atomic_fetch_add(&taken, PATHS_A_TURN);
    if (from >= path_count) break;
    for (size_t i = from; i < from + PATHS_A_TURN && i < path_count; i++) {
      hash_file(paths[i], hash, buffer, digest);
      for (int k = 0; k < DIGEST_BYTES; k++) own[k] ^= digest[k];
    }
  }
  pthread_mutex_lock(&lock);
  for (int k = 0; k < DIGEST_BYTES; k++) sum[k] ^= own[k];
  pthread_mutex_unlock(&lock);
  return NULL;
}

static void read_list(void) {
  char *path = NULL;
  size_t room = 0, space = 0;
  while (getdelim(&path, &room, '\0', stdin) > 0) {
    if (path_count == space) {
      space = space * 2 + 1024;
      paths = need(realloc(paths, space * sizeof *paths));
    }
    paths[path_count++] = need(strdup(path));
  }
}

static void nothing(void) {}

int main(int count, char **arguments) {
  if (count != 2) fail("usage", "cold THREADS < LIST");
  read_list();
  on_threads(arguments[1], hash_files, nothing);
  char hex[2 * DIGEST_BYTES + 1];
  to_hex(sum, hex);
  puts(hex);
  return 0;
}
