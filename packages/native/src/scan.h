// The call `scan`: lists directories, stats what is in them, and matches files with their stored lines.
#pragma once
#include "lines.h"

enum { PATH_LIMIT = 4096, DIRENTS_SIZE = 32768 };
enum { DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_LNK = 10, DT_SOCK = 12 };
enum { S_TYPE = 0170000, S_FIFO = 0010000, S_CHR = 0020000, S_DIR = 0040000, S_BLK = 0060000, S_REG = 0100000,
       S_LNK = 0120000, S_SOCK = 0140000 };

#define WATCHED \
  (IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

typedef struct {
  u64 inode;
  i64 next;
  u16 size;
  u8 type;
  char name[];
} Dirent;

typedef struct {
  PackedStat stat;
  /** Where its name begins among the names. */
  u32 name;
  u16 length;
  u8 type;
  bool isFile, isDirectory;
  u32 error;
  u32 match, from, to;
} Entry;

typedef struct {
  u32 from, to;
} Range;

/** What a call needs beside its arguments; the regions serve one directory after the other. */
typedef struct {
  int root, inotify;
  const u8 *lines;
  Region path, names, entries, order, gone;
  size_t nameBytes;
  u32 count;
} Scan;

static Entry *entriesOf(Scan *scan) { return (Entry *)scan->entries.at; }

/** Records that a directory could not be listed. What is there no more was moved; all else is a failure. */
static void fail(ScanRecord *record, u32 operation, long error) {
  bool moved = error == -ENOENT || error == -ENOTDIR || error == -ELOOP;
  *record = (ScanRecord){.bytes = sizeof *record, .outcome = moved ? MOVED : FAILED, .watch = record->watch};
  if (moved) return;
  record->operation = operation;
  record->error = (u32)-error;
}

/**
 * Opens a path below `root`, or stats it where there is a `stat`. One that is too long for the kernel is walked in hops. Its
 * slashes are overwritten meanwhile.
 */
static long atPath(int root, char *path, size_t length, int flags, struct statx *stat) {
  int from = root;
  while (length >= PATH_LIMIT) {
    size_t cut = PATH_LIMIT - 1;
    while (cut && path[cut] != '/') cut--;
    path[cut] = 0;
    long next = openAt(from, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    path[cut] = '/';
    if (from != root) closeFile(from);
    if (next < 0) return next;
    from = (int)next;
    path += cut + 1;
    length -= cut + 1;
  }
  if (!length) path = ".";
  long result = stat ? statAt(from, path, flags, stat) : openAt(from, path, flags);
  if (from != root) closeFile(from);
  return result;
}

static long openDirectory(int root, char *path, size_t length) {
  return atPath(root, path, length, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, NULL);
}

static bool isSame(const PackedStat *stat, u64 dev, u64 ino) { return stat->dev == dev && stat->ino == ino; }

/** Watches an open directory: by its descriptor, so that it is the one that is listed. Returns a watch or a negated error. */
static long watchDirectory(int inotify, int directory) {
  char path[32] = "/proc/self/fd/", digits[12];
  int at = 14, count = 0;
  do digits[count++] = (char)('0' + directory % 10);
  while (directory /= 10);
  while (count) path[at++] = digits[--count];
  return addWatch(inotify, path, WATCHED);
}

static bool isReserved(const char *name) {
  const char *rest = name + 1;
  if (name[0] != '.') return false;
  if (rest[0] == 'g') return rest[1] == 'i' && rest[2] == 't' && !rest[3];
  return rest[0] == 'm' && rest[1] == 'u' && rest[2] == 's' && rest[3] == 'e' && !rest[4];
}

static u32 skippedKind(u32 mode) {
  switch (mode & S_TYPE) {
    case S_LNK: return SYMLINK;
    case S_FIFO: return FIFO;
    case S_SOCK: return SOCKET;
    case S_CHR: case S_BLK: return DEVICE;
    default: return UNKNOWN;
  }
}

/** Adds one name of an open directory, or counts it. Returns 0, or -ENOMEM. */
static long addName(Scan *scan, int directory, const Dirent *dirent, ScanRecord *record) {
  const char *name = dirent->name;
  if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]))) return 0;
  if (isReserved(name)) return record->skipped[RESERVED]++, 0;
  switch (dirent->type) {
    case DT_LNK: return record->skipped[SYMLINK]++, 0;
    case DT_FIFO: return record->skipped[FIFO]++, 0;
    case DT_SOCK: return record->skipped[SOCKET]++, 0;
    case DT_CHR: case DT_BLK: return record->skipped[DEVICE]++, 0;
  }
  struct statx stat;
  long result = statAt(directory, name, AT_SYMLINK_NOFOLLOW, &stat);
  if (result == -ENOENT) return 0;
  Entry entry = {.type = dirent->type, .name = (u32)scan->nameBytes};
  if (result < 0) {
    entry.error = (u32)-result;
    entry.isDirectory = entry.type == DT_DIR;
  } else {
    entry.stat = packStat(&stat);
    entry.isFile = (stat.stx_mode & S_TYPE) == S_REG;
    entry.isDirectory = (stat.stx_mode & S_TYPE) == S_DIR;
    if (!entry.isFile && !entry.isDirectory) return record->skipped[skippedKind(stat.stx_mode)]++, 0;
  }
  while (name[entry.length]) entry.length++;
  size_t end = scan->nameBytes + entry.length + 1;
  if (end > UINT32_MAX || !reserve(&scan->names, end)) return -ENOMEM;
  if (!reserve(&scan->entries, ((size_t)scan->count + 1) * sizeof entry)) return -ENOMEM;
  memcpy(scan->names.at + scan->nameBytes, name, entry.length + 1u);
  scan->nameBytes = end;
  entriesOf(scan)[scan->count++] = entry;
  return 0;
}

static void listDirectory(Scan *scan, int directory, const ScanRequest *wanted, ScanRecord *record) {
  u8 dirents[DIRENTS_SIZE] __attribute__((aligned(8)));
  struct statx stat;
  long result = statAt(directory, "", AT_EMPTY_PATH, &stat);
  if (result < 0) return fail(record, STATX, result);
  PackedStat packed = packStat(&stat);
  if (!isSame(&packed, wanted->dev, wanted->ino)) return fail(record, STATX, -ENOENT);
  if (scan->inotify >= 0) record->watch = (int32_t)watchDirectory(scan->inotify, directory);
  while ((result = getDirents(directory, dirents, sizeof dirents)) > 0) {
    for (const u8 *at = dirents, *end = at + result; at < end;) {
      const Dirent *dirent = (const Dirent *)at;
      long added = addName(scan, directory, dirent, record);
      if (added < 0) return fail(record, GETDENTS, added);
      at += dirent->size;
    }
  }
  if (result < 0) return fail(record, GETDENTS, result);
  // While it was listed the path may have come to lead elsewhere.
  result = atPath(scan->root, (char *)scan->path.at, wanted->pathLength, AT_SYMLINK_NOFOLLOW, &stat);
  if (result < 0) return fail(record, STATX, result);
  packed = packStat(&stat);
  if (!isSame(&packed, wanted->dev, wanted->ino)) fail(record, STATX, -ENOENT);
}

/** Path order: a directory sorts as if its name ended in a slash. */
static bool isBefore(const Scan *scan, u32 a, u32 b) {
  const Entry *x = (const Entry *)scan->entries.at + a, *y = (const Entry *)scan->entries.at + b;
  const u8 *s = scan->names.at + x->name, *t = scan->names.at + y->name;
  for (; *s && *s == *t; s++, t++) {}
  u8 first = !*s && x->isDirectory ? '/' : *s, second = !*t && y->isDirectory ? '/' : *t;
  return first < second;
}

/** Sorts the entries by a stable merge: their numbers, in path order, lie at the start of `order`. False: no memory. */
static bool sortEntries(Scan *scan) {
  size_t count = scan->count;
  if (!reserve(&scan->order, count * 2 * sizeof(u32))) return false;
  u32 *from = (u32 *)scan->order.at, *to = from + count;
  for (u32 i = 0; i < count; i++) from[i] = i;
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = start + width < count ? start + width : count;
      size_t end = middle + width < count ? middle + width : count;
      size_t a = start, b = middle, out = start;
      while (a < middle && b < end) to[out++] = isBefore(scan, from[b], from[a]) ? from[b++] : from[a++];
      while (a < middle) to[out++] = from[a++];
      while (b < end) to[out++] = from[b++];
    }
    u32 *other = from;
    from = to;
    to = other;
  }
  if (from != (u32 *)scan->order.at) memcpy(scan->order.at, from, count * sizeof(u32));
  return true;
}

static void addGone(Scan *scan, ScanRecord *record, const u8 *from, const u8 *to) {
  if (from == to) return;
  Range *last = (Range *)scan->gone.at + record->gone, range = {(u32)(from - scan->lines), (u32)(to - scan->lines)};
  if (record->gone && last[-1].to == range.from) {
    last[-1].to = range.to;
  } else {
    *last = range;
    record->gone++;
  }
}

/** Walks the lines of a directory beside its sorted entries. False: no memory. */
static bool matchLines(Scan *scan, const ScanRequest *wanted, ScanRecord *record) {
  if (!reserve(&scan->gone, ((size_t)scan->count + 1) * sizeof(Range))) return false;
  const u8 *line = scan->lines + wanted->from, *end = scan->lines + wanted->to;
  u8 *path = scan->path.at;
  size_t prefix = wanted->pathLength;
  if (prefix) path[prefix++] = '/';
  bool complete = true;
  for (u32 i = 0; i < scan->count; i++) {
    Entry *entry = entriesOf(scan) + ((u32 *)scan->order.at)[i];
    size_t length = prefix + entry->length;
    memcpy(path + prefix, scan->names.at + entry->name, entry->length);
    if (entry->isDirectory) path[length++] = '/';
    const u8 *first = lowerBound(line, end, path, length);
    addGone(scan, record, line, first);
    line = first;
    u32 match = NO_LINE;
    if (entry->isDirectory) {
      // What comes after a slash: the first path that is not below the directory.
      path[length - 1] = '/' + 1;
      line = lowerBound(line, end, path, length);
      entry->from = (u32)(first - scan->lines);
      entry->to = (u32)(line - scan->lines);
      match = DIRECTORY;
    }
    const u8 *quote;
    while (!entry->isDirectory && line < end && compareKey(line, end, path, length, &quote) == 0) {
      const u8 *stop = lineEnd(quote, end);
      bool good = match == NO_LINE && isCanonicalKey(line + 1, quote, path, length);
      match = good ? judgeLine(quote, stop, scan->lines, &entry->stat) : BAD_LINE;
      line = stop < end ? stop + 1 : end;
    }
    if (entry->error) {
      match = STAT_FAILED;
      complete = false;
    }
    entry->match = match;
    if (match < FIRST_HIT) record->details++;
    else record->hitBytes += entry->stat.size;
  }
  addGone(scan, record, line, end);
  if (!complete) record->gone = 0;
  return true;
}

static u8 *put(u8 *at, const void *from, size_t size) { return (u8 *)memcpy(at, from, size) + size; }

static u8 *pad(u8 *at, size_t size) {
  while (size++ & 7) *at++ = 0;
  return at;
}

static void writeRecord(const Scan *scan, const ScanRecord *record, u8 *at) {
  at = put(at, record, sizeof *record);
  if (record->outcome != LISTED) return;
  const Entry *entries = (const Entry *)scan->entries.at;
  const u32 *order = (const u32 *)scan->order.at;
  for (u32 i = 0; i < scan->count; i++) {
    const Entry *entry = entries + order[i];
    at = put(at, scan->names.at + entry->name, entry->length + 1u);
  }
  at = pad(at, scan->nameBytes);
  for (u32 i = 0; i < scan->count; i++) at = put(at, &entries[order[i]].match, sizeof(u32));
  at = pad(at, scan->count * sizeof(u32));
  for (u32 i = 0; i < scan->count; i++) {
    const Entry *entry = entries + order[i];
    DirectoryDetail directory = {.dev = entry->stat.dev, .ino = entry->stat.ino, .from = entry->from, .to = entry->to};
    FailedDetail failed = {.error = entry->error, .type = entry->type};
    if (entry->match >= FIRST_HIT) continue;
    const void *detail = entry->match == DIRECTORY     ? (const void *)&directory
                         : entry->match == STAT_FAILED ? (const void *)&failed
                                                       : (const void *)&entry->stat;
    at = put(at, detail, sizeof(PackedStat));
  }
  put(at, scan->gone.at, record->gone * sizeof(Range));
}

static void scanDirectory(Scan *scan, const ScanRequest *wanted, ScanRecord *record) {
  *record = (ScanRecord){.bytes = sizeof *record};
  scan->nameBytes = scan->count = 0;
  long directory = openDirectory(scan->root, (char *)scan->path.at, wanted->pathLength);
  if (directory < 0) return fail(record, OPEN, directory);
  listDirectory(scan, (int)directory, wanted, record);
  closeFile((int)directory);
  if (record->outcome != LISTED) return;
  record->entries = scan->count;
  record->nameBytes = (u32)scan->nameBytes;
  if (!sortEntries(scan) || !matchLines(scan, wanted, record)) return fail(record, GETDENTS, -ENOMEM);
  u64 bytes = sizeof *record + PADDED(scan->nameBytes) + PADDED(scan->count * sizeof(u32)) +
              (u64)record->details * sizeof(PackedStat) + record->gone * sizeof(Range);
  if (bytes > UINT32_MAX) return fail(record, GETDENTS, -ENOMEM);
  record->bytes = (u32)bytes;
}

/** Returns how many directories were answered, or an error number negated: -EINVAL for a request that is not as it should be. */
static long scan(int root, int inotify, Input request, const u8 *lines, size_t linesSize, u8 *reply, size_t capacity) {
  Scan state = {.root = root, .inotify = inotify, .lines = lines};
  long answered = 0;
  for (size_t used = 0; answered >= 0 && request.at < request.end;) {
    ScanRequest wanted;
    ScanRecord record;
    // Behind the path: a slash, a name, a slash.
    long taken = take(&request, &wanted, sizeof wanted) ? takePath(&request, wanted.pathLength, &state.path, 260) : -EINVAL;
    if (taken == 0 && (wanted.from > wanted.to || wanted.to > linesSize)) taken = -EINVAL;
    if (taken < 0) answered = taken;
    if (taken < 0 || capacity - used < sizeof record) break;
    scanDirectory(&state, &wanted, &record);
    if (record.bytes > capacity - used) {
      if (used) break;
      u64 needed = record.bytes;
      record = (ScanRecord){.bytes = sizeof record, .outcome = TOO_LARGE, .hitBytes = needed, .watch = record.watch};
    }
    writeRecord(&state, &record, reply + used);
    used += record.bytes;
    answered++;
  }
  release(&state.path);
  release(&state.names);
  release(&state.entries);
  release(&state.order);
  release(&state.gone);
  return answered;
}
