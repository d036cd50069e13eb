// A libFuzzer target over a small fixed tree; fuzz.js builds and runs it. The input is a byte that says what to call, two
// for the room of the reply, two for a length, and then:
//   scan     as many bytes of a request, and lines
//   hash     as many bytes of a request
//   lines    lines, for the root as it is
//   judge    as many bytes of a path, and lines that are searched for it and judged for one stat
//   digest   as many bytes of a request, and lines
#define MUSE_LIBC
#include "../src/hash.h"
#include <stdlib.h>

// The headers of the C library do not go together with those of the kernel.
char *mkdtemp(char *path);
int mkdirat(int directory, const char *path, u32 mode);
int openat(int directory, const char *path, int flags, ...);
long write(int file, const void *from, size_t size);
int close(int file);

// Stands in for OpenSSL: what matters here is what is read and written.
struct evp_md_st { int x; };
struct evp_md_ctx_st { u8 sum; };
static EVP_MD theMd;
EVP_MD *EVP_MD_fetch(void *l, const char *n, const char *p) { return (void)l, (void)n, (void)p, &theMd; }
void EVP_MD_free(EVP_MD *md) { (void)md; }
EVP_MD_CTX *EVP_MD_CTX_new(void) { return malloc(sizeof(EVP_MD_CTX)); }
void EVP_MD_CTX_free(EVP_MD_CTX *c) { free(c); }
int EVP_DigestInit_ex2(EVP_MD_CTX *c, const EVP_MD *m, const void *p) { return (void)m, (void)p, c->sum = 0, 1; }
int EVP_DigestUpdate(EVP_MD_CTX *c, const void *d, size_t n) {
  for (size_t i = 0; i < n; i++) c->sum += ((const u8 *)d)[i];
  return 1;
}
int EVP_DigestFinal_ex(EVP_MD_CTX *c, u8 *d, unsigned *n) { return (void)n, memset(d, c->sum, 32), 1; }

static int root;
static const char *const files[] = {"a", "a-b", "b c", "d\"q", "e\\x", "f\n", "\xc3\xa9", "\xff", "sub/one", "sub/two", "sub.c"};

static void makeTree(void) {
  char path[] = "/tmp/muse-fuzz-XXXXXX";
  if (!mkdtemp(path)) abort();
  root = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  mkdirat(root, "sub", 0700);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    int file = openat(root, files[i], O_WRONLY | O_CREAT, 0600);
    if (write(file, files[i], strlen(files[i])) < 0) abort();
    close(file);
  }
}

/** Of exactly this size, so that a byte too far is seen. */
static u8 *copy(const u8 *from, size_t size) {
  u8 *at = malloc(size ? size : 1);
  if (size) memcpy(at, from, size);
  return at;
}

static void checkScan(const u8 *reply, size_t capacity, long answered, size_t linesSize) {
  size_t used = 0;
  for (long i = 0; i < answered; i++) {
    ScanRecord record;
    if (capacity - used < sizeof record) abort();
    memcpy(&record, reply + used, sizeof record);
    size_t parts = sizeof record;
    if (record.outcome == LISTED)
      parts += PADDED(record.textBytes) + PADDED(record.entries * sizeof(u32)) + record.details * sizeof(PackedStat) +
               record.gone * sizeof(Range);
    if (record.bytes != parts || parts > capacity - used) abort();
    const u8 *match = reply + used + sizeof record;
    for (u32 k = 0; record.outcome == LISTED && k < record.entries; k++) {
      u32 value;
      memcpy(&value, match + k * sizeof value, sizeof value);
      if (value >= FIRST_HIT && value + 71 > linesSize) abort();
    }
    used += record.bytes;
  }
}

/** The identity of the root. */
static PackedStat rootStat(void) {
  struct statx stat;
  if (statAt(root, "", AT_EMPTY_PATH, &stat) < 0) abort();
  return packStat(&stat);
}

static void judge(const u8 *path, size_t length, const u8 *lines, size_t size) {
  // That of the seeds.
  static const PackedStat stat = {.ino = 131, .size = 5, .mtimeSeconds = 1710000000, .ctimeSeconds = -1, .ctimeNanoseconds = 1};
  const u8 *end = lines + size, *line = lowerBound(lines, end, end, path, length), *quote;
  if (line < lines || line > end) abort();
  if (line == end || compareKey(line, end, path, length, &quote)) return;
  u32 match = judgeLine(line, quote, lineEnd(line, end), path, length, lines, &stat);
  if (match >= FIRST_HIT && match + 71 > size) abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  if (!root) makeTree();
  if (size < 5) return 0;
  u8 what = data[0] % 5;
  size_t capacity = (size_t)(data[1] | data[2] << 8), cut = (size_t)(data[3] | data[4] << 8);
  data += 5;
  size -= 5;
  if (cut > size) cut = size;
  PackedStat identity = rootStat();
  u8 *request = copy(data, cut), *lines = copy(data + cut, size - cut);
  // In place of a mark that begins with this byte: no mutation would find it.
  for (size_t i = 0; what < 2 && i + 16 <= cut; i += 8)
    if (request[i] == 0xd0) memcpy(request + i, &identity, 16);
  if (what == 2) {
    free(request);
    cut = sizeof(ScanRequest) + 8;
    request = calloc(1, cut);
    ScanRequest wanted = {.dev = identity.dev, .ino = identity.ino, .allDetails = size & 1, .to = (u32)(size - (size > cut ? cut : size))};
    free(lines);
    lines = copy(data + size - wanted.to, wanted.to);
    size = cut + wanted.to;
    memcpy(request, &wanted, sizeof wanted);
  }
  u8 *reply = malloc(capacity ? capacity : 1);
  Input input = {request, request + cut};
  if (what == 4) digest(input, lines, size - cut, reply, capacity);
  else if (what == 3) judge(request, cut, lines, size - cut);
  else if (what == 1 && hash(root, 4, input, reply, capacity) > (long)(capacity / sizeof(HashRecord))) abort();
  else if (what != 1) checkScan(reply, capacity, scan(root, -1, input, lines, size - cut, reply, capacity), size - cut);
  free(request);
  free(lines);
  free(reply);
  return 0;
}
