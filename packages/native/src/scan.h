// The call `scan`: lists directories, stats what is in them, and matches files with their stored lines.
#pragma once
#include "lines.h"

enum { PATH_LIMIT = 4096, DIRENTS_SIZE = 32768 };
/** From so many names on, none is statted unless the record is sure to fit: that takes ten times as long as to list them again. */
enum { MANY_NAMES = 1024 };
enum { DT_UNKNOWN = 0, DT_DIR = 4, DT_REG = 8 };
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
  /** All 0 until it is statted, and where that fails. */
  PackedStat stat;
  /** Where its name begins among the names. */
  u32 name;
  u16 length;
  u8 type;
  bool isListedAgain;
  u32 error;
  u32 match, from, to;
} Entry;

/** In place of a match: of a kind that is counted and not listed. */
#define NOT_LISTED UINT32_MAX

typedef struct {
  u32 from, to;
} Range;

/** What a call needs beside its arguments; the regions serve one directory after the other. */
typedef struct {
  int root, inotify;
  const u8 *lines, *linesEnd;
  Region path, names, entries, order, gone;
  size_t nameBytes;
  /** The names that there are, and those of them that `order` begins with. */
  u32 total, count;
  /** Bytes for the record of a directory. */
  size_t room;
} Scan;

static Entry *entriesOf(Scan *scan) { return (Entry *)scan->entries.at; }
static Entry *entryAt(Scan *scan, u32 i) { return entriesOf(scan) + ((u32 *)scan->order.at)[i]; }

/** Returns whether an error says that what was there is there no more. */
static bool isMoved(long error) { return error == -ENOENT || error == -ENOTDIR || error == -ELOOP; }

/** Records that a directory could not be listed; 0 is no error, but another directory than was listed. */
static void fail(ScanRecord *record, u32 operation, long error) {
  bool moved = !error || isMoved(error);
  *record = (ScanRecord){.bytes = sizeof *record, .outcome = moved ? MOVED : FAILED, .watch = record->watch};
  if (!error) return;
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

/** Adds a name that is yet to be statted. Returns 0, or -ENOMEM. */
static long addName(Scan *scan, const Dirent *dirent) {
  Entry entry = {.type = dirent->type, .name = (u32)scan->nameBytes};
  while (dirent->name[entry.length]) entry.length++;
  size_t end = scan->nameBytes + entry.length + 1;
  if (end > UINT32_MAX || !reserve(&scan->names, end)) return -ENOMEM;
  if (!reserve(&scan->entries, ((size_t)scan->total + 1) * sizeof entry)) return -ENOMEM;
  memcpy(scan->names.at + scan->nameBytes, dirent->name, entry.length + 1u);
  scan->nameBytes = end;
  entriesOf(scan)[scan->total++] = entry;
  return 0;
}

/** Compares two names, of which one that is a directory's ends in a slash: negative when the first is before. */
static int compareNames(const u8 *a, bool isDirectory, const u8 *b, bool isOtherDirectory) {
  for (; *a && *a == *b; a++, b++) {}
  return (!*a && isDirectory ? '/' : *a) - (!*b && isOtherDirectory ? '/' : *b);
}

/** Marks a name that is listed once more; the names lie in order. Returns 0. */
static long markName(Scan *scan, const Dirent *dirent) {
  u32 low = 0, high = scan->count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    Entry *entry = entryAt(scan, middle);
    int order = compareNames(scan->names.at + entry->name, false, (const u8 *)dirent->name, false);
    if (order < 0) low = middle + 1;
    else high = middle;
    if (order != 0) continue;
    entry->isListedAgain = true;
    entry->type = dirent->type;
    break;
  }
  return 0;
}

/** Hands on each name of an open directory. Returns 0, or an error number negated. */
static long eachName(Scan *scan, int directory, long (*use)(Scan *scan, const Dirent *dirent)) {
  u8 dirents[DIRENTS_SIZE] __attribute__((aligned(8)));
  long result;
  while ((result = getDirents(directory, dirents, sizeof dirents)) > 0) {
    for (const u8 *at = dirents, *end = at + result; at < end;) {
      const Dirent *dirent = (const Dirent *)at;
      const char *name = dirent->name;
      bool isDots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
      long used = isDots ? 0 : use(scan, dirent);
      if (used < 0) return used;
      at += dirent->size;
    }
  }
  return result;
}

/** Path order: a directory sorts as if its name ended in a slash. */
static int comparePaths(const Scan *scan, u32 a, u32 b) {
  const Entry *x = (const Entry *)scan->entries.at + a, *y = (const Entry *)scan->entries.at + b;
  return compareNames(scan->names.at + x->name, x->match == DIRECTORY, scan->names.at + y->name, y->match == DIRECTORY);
}

/** Sorts what is in `order` by a stable merge. */
static void sortEntries(Scan *scan) {
  size_t count = scan->count, sorted = 1;
  u32 *from = (u32 *)scan->order.at, *to = from + count;
  while (sorted < count && comparePaths(scan, from[sorted - 1], from[sorted]) <= 0) sorted++;
  if (sorted >= count) return;
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = start + width < count ? start + width : count;
      size_t end = middle + width < count ? middle + width : count;
      size_t a = start, b = middle, out = start;
      while (a < middle && b < end) to[out++] = comparePaths(scan, from[b], from[a]) < 0 ? from[b++] : from[a++];
      while (a < middle) to[out++] = from[a++];
      while (b < end) to[out++] = from[b++];
    }
    u32 *other = from;
    from = to;
    to = other;
  }
  if (from != (u32 *)scan->order.at) memcpy(scan->order.at, from, count * sizeof(u32));
}

static void statEntry(Scan *scan, int directory, Entry *entry, ScanRecord *record) {
  struct statx stat;
  long result = statAt(directory, (char *)scan->names.at + entry->name, AT_SYMLINK_NOFOLLOW, &stat);
  entry->error = result < 0 ? (u32)-result : 0;
  entry->match = STAT_FAILED;
  if (result < 0) return;
  entry->stat = packStat(&stat);
  u32 type = stat.stx_mode & S_TYPE;
  if (type == S_REG && stat.stx_nlink > 1) record->flags |= HAS_LINKED_FILE;
  entry->match = type == S_REG ? NO_LINE : type == S_DIR ? DIRECTORY : NOT_LISTED;
  if (entry->match == NOT_LISTED) record->skipped[skippedKind(stat.stx_mode)]++;
}

/** Stats the names. Those that are there no more are left out, unless they are listed again. Returns 0 or a negated error. */
static long statEntries(Scan *scan, int directory, ScanRecord *record) {
  scan->count = scan->total;
  if (!reserve(&scan->order, (size_t)scan->total * 2 * sizeof(u32))) return -ENOMEM;
  u32 *order = (u32 *)scan->order.at, kept = 0;
  for (u32 i = 0; i < scan->count; i++) order[i] = i;
  sortEntries(scan);
  const char *previous = NULL;
  bool anyMoved = false;
  for (u32 i = 0; i < scan->count; i++) {
    Entry *entry = entryAt(scan, i);
    const char *name = (char *)scan->names.at + entry->name;
    // One that is removed and made again meanwhile may come twice.
    bool isRepeated = previous && !compareNames((const u8 *)previous, false, (const u8 *)name, false);
    previous = name;
    if (isRepeated) continue;
    if (isReserved(name)) {
      record->skipped[RESERVED]++;
      continue;
    }
    statEntry(scan, directory, entry, record);
    anyMoved |= isMoved(-(long)entry->error);
    if (entry->match != NOT_LISTED) order[kept++] = order[i];
  }
  scan->count = kept;
  if (!anyMoved) return 0;
  long result = seekToStart(directory);
  if (result >= 0) result = eachName(scan, directory, markName);
  if (result < 0) return result;
  kept = 0;
  for (u32 i = 0; i < scan->count; i++) {
    Entry *entry = entryAt(scan, i);
    if (isMoved(-(long)entry->error)) {
      if (!entry->isListedAgain) continue;
      statEntry(scan, directory, entry, record);
    }
    if (entry->match != NOT_LISTED) order[kept++] = order[i];
  }
  scan->count = kept;
  return 0;
}

/** Returns how many bytes the record of a directory has at most, of which the names are known. */
static u64 mostBytes(const Scan *scan) {
  return sizeof(ScanRecord) + PADDED(scan->total * sizeof(u32)) + scan->total * sizeof(PackedStat) + PADDED(scan->nameBytes) +
         ((u64)scan->total + 1) * sizeof(Range);
}

static char *pathBelow(Scan *scan, const ScanRequest *wanted) { return (char *)scan->path.at + wanted->base; }

static void listDirectory(Scan *scan, int directory, const ScanRequest *wanted, ScanRecord *record) {
  struct statx stat;
  long result = statAt(directory, "", AT_EMPTY_PATH, &stat);
  if (result < 0) return fail(record, READDIR, result);
  PackedStat packed = packStat(&stat);
  if (!isSame(&packed, wanted->dev, wanted->ino)) return fail(record, READDIR, 0);
  if (scan->inotify >= 0) record->watch = (int32_t)watchDirectory(scan->inotify, directory);
  result = eachName(scan, directory, addName);
  u64 most = mostBytes(scan);
  if (result >= 0 && scan->total >= MANY_NAMES && most > scan->room && most <= UINT32_MAX) {
    record->outcome = TOO_LARGE;
    record->error = (u32)most;
    return;
  }
  if (result >= 0) result = statEntries(scan, directory, record);
  if (result < 0) return fail(record, READDIR, result);
  // While it was listed the path may have come to lead elsewhere.
  result = atPath(scan->root, pathBelow(scan, wanted), wanted->pathLength - wanted->base, AT_SYMLINK_NOFOLLOW, &stat);
  if (result < 0) return fail(record, LSTAT, result == -ENOENT ? 0 : result);
  packed = packStat(&stat);
  // A link can have the number of the directory that it took the place of.
  if (!isSame(&packed, wanted->dev, wanted->ino) || (stat.stx_mode & S_TYPE) != S_DIR) fail(record, LSTAT, 0);
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
  const u8 *line = scan->lines + wanted->from, *to = scan->lines + wanted->to, *end = scan->linesEnd;
  u8 *path = scan->path.at;
  size_t prefix = wanted->pathLength;
  if (prefix) path[prefix++] = '/';
  for (u32 i = 0; i < scan->count; i++) {
    Entry *entry = entryAt(scan, i);
    size_t length = prefix + entry->length;
    const u8 *first = line, *quote;
    if (entry->match == STAT_FAILED) continue;
    memcpy(path + prefix, scan->names.at + entry->name, entry->length);
    if (entry->match == DIRECTORY) {
      path[length++] = '/';
      line = lowerBound(line, to, end, path, length);
      addGone(scan, record, first, line);
      entry->from = (u32)(line - scan->lines);
      // What comes after a slash: the first path that is not below the directory.
      path[length - 1] = '/' + 1;
      line = lowerBound(line, to, end, path, length);
      entry->to = (u32)(line - scan->lines);
      continue;
    }
    int order = 1;
    while (line < to && (order = compareKey(line, end, path, length, &quote)) < 0) line = nextLine(line, to);
    addGone(scan, record, first, line);
    if (line >= to || order > 0) continue;
    const u8 *feed = lineEnd(line, to);
    entry->match = judgeLine(line, quote, feed, path, length, scan->lines, &entry->stat);
    line = feed < to ? feed + 1 : to;
    while (line < to && compareKey(line, end, path, length, &quote) == 0) {
      entry->match = BAD_LINE;
      line = nextLine(line, to);
    }
  }
  addGone(scan, record, line, to);
  return true;
}

static u8 *put(u8 *at, const void *from, size_t size) { return (u8 *)memcpy(at, from, size) + size; }

static u8 *pad(u8 *at, size_t size) {
  while (size++ & 7) *at++ = 0;
  return at;
}

static bool isHit(const Entry *entry) { return entry->match >= FIRST_HIT; }

static void writeDetail(const Entry *entry, u32 index, u32 text, u8 *at) {
  u32 type = entry->type == DT_DIR || entry->type == DT_UNKNOWN ? entry->type : DT_REG;
  DirectoryDetail directory = {
      .dev = entry->stat.dev, .ino = entry->stat.ino, .from = entry->from, .to = entry->to, .text = text, .entry = index};
  FailedDetail failed = {.error = entry->error, .type = type};
  const void *detail = entry->match == DIRECTORY     ? (const void *)&directory
                       : entry->match == STAT_FAILED ? (const void *)&failed
                                                     : (const void *)&entry->stat;
  put(at, detail, sizeof(PackedStat));
}

static void writeRecord(Scan *scan, const ScanRequest *wanted, const ScanRecord *record, u8 *at) {
  at = put(at, record, sizeof *record);
  if (record->outcome != LISTED) return;
  for (u32 i = 0; i < scan->count; i++) at = put(at, &entryAt(scan, i)->match, sizeof(u32));
  u8 *detail = pad(at, scan->count * sizeof(u32)), *text = detail + record->details * sizeof(PackedStat);
  at = text;
  for (u32 i = 0; i < scan->count; i++) {
    const Entry *entry = entryAt(scan, i);
    if (wanted->allDetails || !isHit(entry)) {
      writeDetail(entry, i, (u32)(at - text), detail);
      detail += sizeof(PackedStat);
    }
    at = put(at, scan->names.at + entry->name, entry->length + 1u);
  }
  put(pad(at, record->textBytes), scan->gone.at, record->gone * sizeof(Range));
}

/** Counts what is in a directory whose lines were matched. */
static void countEntries(Scan *scan, const ScanRequest *wanted, ScanRecord *record) {
  u64 text = 0;
  record->entries = scan->count;
  for (u32 i = 0; i < scan->count; i++) {
    const Entry *entry = entryAt(scan, i);
    text += entry->length + 1u;
    if (entry->match == DIRECTORY) record->directories++;
    if (entry->match == STAT_FAILED) record->failed++;
    if (entry->match == DIRECTORY || entry->match == STAT_FAILED) continue;
    record->files++;
    record->hits += isHit(entry);
    record->fileBytes += entry->stat.size;
  }
  record->details = record->entries - (wanted->allDetails ? 0 : record->hits);
  for (u32 kind = 0; kind < SKIPPED; kind++) record->skippedInAll += record->skipped[kind];
  u64 bytes = sizeof *record + PADDED(scan->count * sizeof(u32)) + record->details * sizeof(PackedStat) + PADDED(text) +
              record->gone * sizeof(Range);
  if (bytes > UINT32_MAX) return fail(record, READDIR, -ENOMEM);
  record->textBytes = (u32)text;
  record->bytes = (u32)bytes;
}

static void scanDirectory(Scan *scan, const ScanRequest *wanted, ScanRecord *record) {
  *record = (ScanRecord){.bytes = sizeof *record};
  scan->nameBytes = scan->total = scan->count = 0;
  long directory = openDirectory(scan->root, pathBelow(scan, wanted), wanted->pathLength - wanted->base);
  if (directory < 0) return fail(record, READDIR, directory);
  listDirectory(scan, (int)directory, wanted, record);
  closeFile((int)directory);
  if (record->outcome != LISTED) return;
  sortEntries(scan);
  if (!matchLines(scan, wanted, record)) return fail(record, READDIR, -ENOMEM);
  countEntries(scan, wanted, record);
}

/** Returns how many directories were answered, or an error number negated: -EINVAL for a request that is not as it should be. */
static long scan(int root, int inotify, Input request, const u8 *lines, size_t linesSize, u8 *reply, size_t capacity) {
  Scan state = {.root = root, .inotify = inotify, .lines = lines, .linesEnd = lines + linesSize};
  long answered = 0;
  for (size_t used = 0; answered >= 0 && request.at < request.end;) {
    ScanRequest wanted;
    ScanRecord record;
    // Behind the path: a slash, a name, a slash.
    long taken = take(&request, &wanted, sizeof wanted) ? takePath(&request, wanted.pathLength, &state.path, 260) : -EINVAL;
    if (taken == 0 && (wanted.from > wanted.to || wanted.to > linesSize)) taken = -EINVAL;
    if (taken == 0 && wanted.base && (wanted.base > wanted.pathLength || state.path.at[wanted.base - 1] != '/')) taken = -EINVAL;
    if (taken < 0) answered = taken;
    if (taken < 0 || capacity - used < sizeof record) break;
    state.room = capacity - used;
    scanDirectory(&state, &wanted, &record);
    if (record.bytes > state.room) {
      u32 needed = record.bytes;
      record = (ScanRecord){.bytes = sizeof record, .outcome = TOO_LARGE, .error = needed, .watch = record.watch};
    }
    if (record.outcome == TOO_LARGE && used) break;
    writeRecord(&state, &wanted, &record, reply + used);
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
