/*
 * The floor of a warm snapshot: reads the cache file, checks its checksum, lists every directory and asks statx of every
 * file, finds each in the stored lines with an equal stat, and makes the snapshot id of the lines.
 *
 *   warm THREADS ROOT
 *
 * Prints the snapshot id. It is no snapshot: where one file is new, gone or changed, and where a name is escaped in the
 * cache, it ends with an error; it knows no ignore rules, and a directory that is moved meanwhile goes unnoticed.
 */
#include "floor.h"

static const char HEADER[] = "{\"version\":3,\"entries\":{\n";
static const char CHECKSUM[] = "\"checksum\":\"";
static const char OBJECT_ID[] = "\"object_hash\":\"";
#define ID_BYTES (sizeof "sha256:" - 1 + 2 * DIGEST_BYTES)

/* The cache: its lines are from `lines` to `lines_end`, and a NUL ends the text. */
static char *text;
static const char *lines, *lines_end;
static size_t text_bytes, line_count;
static char snapshot_id[2 * DIGEST_BYTES + 1];

static int root;
static atomic_size_t file_count;

/* Directories to list. Whoever finds none waits while another thread is listing one. */
struct directory {
  struct directory *next;
  char path[];
};
static struct directory *pending;
static unsigned unlisted;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void push(const char *parent, const char *name) {
  size_t room = strlen(parent) + strlen(name) + 2;
  struct directory *directory = need(malloc(sizeof *directory + room));
  snprintf(directory->path, room, *parent != '\0' ? "%s/%s" : "%s%s", parent, name);
  pthread_mutex_lock(&lock);
  directory->next = pending;
  pending = directory;
  unlisted++;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static struct directory *pop(void) {
  pthread_mutex_lock(&lock);
  while (pending == NULL && unlisted > 0) pthread_cond_wait(&changed, &lock);
  struct directory *directory = pending;
  if (directory != NULL) pending = directory->next;
  pthread_mutex_unlock(&lock);
  return directory;
}

static void listed(struct directory *directory) {
  free(directory);
  pthread_mutex_lock(&lock);
  if (--unlisted == 0) pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

/* The line after the one that `at` is in. */
static const char *next_line(const char *at) {
  const char *end = memchr(at, '\n', (size_t)(lines_end - at));
  return end != NULL ? end + 1 : lines_end;
}

/* Less than 0 where the path of a line comes before `path`, 0 where it is that path, else more. */
static int compare(const char *line, const char *path, size_t length) {
  if (line >= lines_end) return 1;
  int order = strncmp(line + 1, path, length);
  if (order == 0) return line[1 + length] == '"' ? 0 : 1;
  /* The quote that ends a shorter path counts for nothing. */
  const char *quote = memchr(line + 1, '"', length);
  return quote != NULL && strncmp(line + 1, path, (size_t)(quote - line - 1)) == 0 ? -1 : order;
}

/* The first line from `line` on that does not come before `path`. */
static const char *find(const char *line, const char *path, size_t length) {
  if (compare(line, path, length) >= 0) return line;
  const char *low = line, *high = lines_end;
  while (low < high) {
    const char *middle = low + (high - low) / 2;
    const char *before = memrchr(low, '\n', (size_t)(middle - low));
    middle = before != NULL ? before + 1 : low;
    if (compare(middle, path, length) < 0)
      low = next_line(middle);
    else
      high = middle;
  }
  return low;
}

struct file {
  char *name;
  uint64_t stat[6];
};

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

/* True where the fields of a line, from the end of its path on, are those of a file. */
static int is_equal(const char *at, const struct file *file) {
  static const char *const before[] = {"\":{\"mtime\":", ".", ",\"ctime\":", ".", ",\"size\":", ",\"ino\":"};
  for (int i = 0; i < 6; i++) {
    size_t length = strlen(before[i]);
    if (strncmp(at, before[i], length) != 0) return 0;
    uint64_t value = 0;
    for (at += length; *at >= '0' && *at <= '9'; at++) value = value * 10 + (uint64_t)(*at - '0');
    if (value != file->stat[i]) return 0;
  }
  return 1;
}

static int is_reserved(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".muse") == 0 || strcmp(name, ".git") == 0;
}

static size_t read_names(const char *path, struct file **files, size_t *space) {
  int descriptor = openat(root, *path != '\0' ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *stream = descriptor >= 0 ? fdopendir(descriptor) : NULL;
  if (stream == NULL) fail("open", path);
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    if (is_reserved(entry->d_name)) continue;
    struct statx s;
    if (entry->d_type == DT_DIR)
      s.stx_mode = S_IFDIR;
    else if (statx(descriptor, entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &s) != 0)
      fail("statx", entry->d_name);
    if (S_ISDIR(s.stx_mode)) push(path, entry->d_name);
    if (!S_ISREG(s.stx_mode)) continue;
    if (count == *space) {
      *space = *space * 2 + 64;
      *files = need(realloc(*files, *space * sizeof **files));
    }
    (*files)[count++] = (struct file){need(strdup(entry->d_name)),
                                      {(uint64_t)s.stx_mtime.tv_sec, s.stx_mtime.tv_nsec,
                                       (uint64_t)s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec, s.stx_size, s.stx_ino}};
  }
  closedir(stream);
  return count;
}

static void *list_directories(void *unused) {
  (void)unused;
  struct file *files = NULL;
  size_t space = 0, all = 0;
  char path[8192];
  for (struct directory *directory; (directory = pop()) != NULL; listed(directory)) {
    size_t count = read_names(directory->path, &files, &space);
    qsort(files, count, sizeof *files, by_name);
    const char *slash = *directory->path != '\0' ? "/" : "", *line = lines;
    for (size_t i = 0; i < count; i++) {
      int length = snprintf(path, sizeof path, "%s%s%s", directory->path, slash, files[i].name);
      if (length >= (int)sizeof path) fail("too long a path", path);
      line = find(line, path, (size_t)length);
      if (compare(line, path, (size_t)length) != 0 || !is_equal(line + 1 + length, &files[i])) fail("not in the cache", path);
      line = next_line(line);
      free(files[i].name);
    }
    all += count;
  }
  atomic_fetch_add(&file_count, all);
  return NULL;
}

static void check_text(void) {
  sha256 *hash = sha256_new();
  uint8_t digest[DIGEST_BYTES];
  char hex[2 * DIGEST_BYTES + 1];
  const char *checksum = text + text_bytes - sizeof CHECKSUM + 1 - 2 * DIGEST_BYTES - 2;
  sha256_add(hash, text, (size_t)(checksum - text));
  sha256_end(hash, digest);
  to_hex(digest, hex);
#ifndef WITHOUT_OPENSSL
  if (strncmp(checksum + sizeof CHECKSUM - 1, hex, 2 * DIGEST_BYTES) != 0) fail("the checksum differs", "cache");
#endif
}

/* The paths and object ids of all lines, each with a NUL after its path, and one between two of them. */
static void make_id(void) {
  sha256 *hash = sha256_new();
  uint8_t digest[DIGEST_BYTES];
  static char chunk[64 * 1024];
  size_t used = 0;
  for (const char *line = lines; line < lines_end; line_count++) {
    const char *quote = strchr(line + 1, '"'), *id = quote != NULL ? strstr(quote, OBJECT_ID) : NULL;
    size_t length = (size_t)(quote - line - 1);
    if (id == NULL || length > sizeof chunk / 2 || memchr(line, '\\', length) != NULL) fail("a line is no plain one", "cache");
    id += sizeof OBJECT_ID - 1;
    if (used + length + ID_BYTES + 2 > sizeof chunk) {
      sha256_add(hash, chunk, used);
      used = 0;
    }
    if (line_count > 0) chunk[used++] = '\0';
    memcpy(chunk + used, line + 1, length);
    used += length;
    chunk[used++] = '\0';
    memcpy(chunk + used, id, ID_BYTES);
    used += ID_BYTES;
    line = next_line(id);
  }
  sha256_add(hash, chunk, used);
  sha256_end(hash, digest);
  to_hex(digest, snapshot_id);
}

static void read_cache(void) {
  int file = openat(root, ".muse/cache/stat.json", O_RDONLY | O_CLOEXEC);
  struct stat s;
  if (file < 0 || fstat(file, &s) != 0) fail("open", "cache");
  text = need(malloc((size_t)s.st_size + 1));
  for (ssize_t count; (count = read(file, text + text_bytes, (size_t)s.st_size - text_bytes)) > 0;) text_bytes += (size_t)count;
  close(file);
  text[text_bytes] = '\0';
  size_t footer = sizeof "},\"checksum\":\"\"}" - 1 + 2 * DIGEST_BYTES;
  if (text_bytes < sizeof HEADER + footer || strncmp(text, HEADER, sizeof HEADER - 1) != 0) fail("not as Muse writes it", "cache");
  lines = text + sizeof HEADER - 1;
  lines_end = text + text_bytes - footer;
}

static void check_and_make_id(void) {
  check_text();
  make_id();
}

int main(int count, char **arguments) {
  if (count != 3) fail("usage", "warm THREADS ROOT");
  root = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("open", arguments[2]);
  read_cache();
  push("", "");
  on_threads(arguments[1], list_directories, check_and_make_id);
  if (file_count != line_count) fail("a file is gone", "cache");
  printf("sha256:%s\n", snapshot_id);
  return 0;
}
