// The packed layout of the calls: what goes in, what comes out. The replies of `scan` and `hash` are those of the engine in
// TypeScript, byte for byte (reply.ts in @muse/walker, and in @muse/snapshot).
//
// All numbers are little-endian, and every record begins at a multiple of 8. `lines` is the text of a stat cache (JSON
// version 3, see FORMAT.md of @muse/stat-cache); an offset is one into this text. Paths and names are bytes.
#pragma once
#include "sys.h"

#define PADDED(size) (((size) + 7) & ~(size_t)7)

/** A file's stat as it is compared: 48 bytes. A time before 1970 has negative seconds and nanoseconds that count up. */
typedef struct {
  u64 dev, ino, size;
  i64 mtimeSeconds, ctimeSeconds;
  u32 mtimeNanoseconds, ctimeNanoseconds;
} PackedStat;

// ---- scan(rootFd, inotifyFd or -1, request, lines, reply) -> number of directories answered, in the order of the request

/** For each directory; the path (a tree path, '' for the root), a NUL and padding follow. */
typedef struct {
  /** The identity that the directory was listed with. */
  u64 dev, ino;
  /** Its slice of the lines: whole lines, among them each line of a path below it. */
  u32 from, to;
  u32 pathLength;
  /** How many bytes of the path `root` stands for, the slash after them included; 0 where it is the top of the tree. */
  u32 base;
  /** Not 0: hits get a detail, too. */
  u32 allDetails, zero;
} ScanRequest;

enum ScanOutcome {
  LISTED = 0,
  /** It is gone, no directory any more, or another one than was listed. */
  MOVED = 1,
  /** `error` and `operation` say how. */
  FAILED = 2,
  /** It does not fit into an empty reply: `error` is how many bytes its record has, or may have where it has many entries. */
  TOO_LARGE = 3,
};

/** The look at the path when all is listed is LSTAT; READDIR is what comes before. */
enum Operation { READDIR = 2, LSTAT = 3 };

/** Kinds that are counted and not listed. */
enum Skipped { SYMLINK, FIFO, SOCKET, DEVICE, UNKNOWN, RESERVED, SKIPPED };

enum ScanFlags {
  /** A file has more than one link. */
  HAS_LINKED_FILE = 1,
};

/** For each directory. Unless it was listed, everything after `operation` but `watch` is 0, and nothing follows. */
typedef struct {
  /** Of the whole record. */
  u32 bytes;
  u32 outcome, error, operation;
  /** Regular files, directories, and names whose stat failed. */
  u32 entries;
  u32 textBytes;
  u32 gone;
  /** Watch descriptor; 0 where none was asked for; an error number negated. */
  int32_t watch;
  u32 skipped[SKIPPED];
  /** Among the entries. Hits are files, too. */
  u32 files, directories, hits;
  u32 zero;
  u32 details;
  /** Entries whose stat failed. */
  u32 failed;
  /** Of all files, as their stats have it. */
  u64 fileBytes;
  /** Of all kinds. */
  u32 skippedInAll;
  u32 flags;
} ScanRecord;

// What follows a record, each part padded to 8. The entries are in path order: a directory sorts as if its name ended in a
// slash.
//   match    u32 for each entry, see below
//   details  48 bytes for each entry that is no hit, or for each: the PackedStat of a file, a DirectoryDetail or a
//            FailedDetail
//   text     for each entry: its name, NUL
//   gone     `gone` times u32 from, to: ascending ranges of lines in the slice whose paths are neither a listed file's
//            nor below a listed directory

enum Match {
  NO_LINE = 0,
  /** The first field in which the file differs from its line. */
  OTHER_SIZE = 1,
  OTHER_MTIME = 2,
  OTHER_CTIME = 3,
  OTHER_INODE = 4,
  /** The line is not as it should be, or another one has the same path. */
  BAD_LINE = 5,
  DIRECTORY = 6,
  STAT_FAILED = 7,
  /** From here on: a hit, the offset of its object id, which begins with `sha256:`. */
  FIRST_HIT = 32,
};
// A line is a hit if its path is the file's, no line beside it has the same path, its numbers are canonical and equal the
// file's size, mtime, ctime and inode exactly, its object id is well-formed, and it has no dimensions. One with dimensions
// must be canonical as a whole, and they must be ASCII without escapes: others are BAD_LINE here, and hits in TypeScript.
// Lines that are not in path order may be overlooked.

typedef struct {
  u64 dev, ino;
  /** Its slice of the lines. */
  u32 from, to;
  /** Where its name begins in the text, and which of the entries it is. */
  u32 text, entry;
  u64 zeros[2];
} DirectoryDetail;

typedef struct {
  u32 error;
  /** As getdents64 has it: DT_DIR, DT_UNKNOWN, or DT_REG for everything else. */
  u32 type;
  u64 zero[5];
} FailedDetail;

// ---- hash(rootFd, largest, request, reply) -> number of files answered, in the order of the request

/** For each directory; path, NUL and padding follow, and then its files. */
typedef struct {
  u64 dev, ino;
  u32 files, pathLength;
} HashDirectory;

/** For each file; name, NUL and padding follow. */
typedef struct {
  /** The identity that the file was listed with. */
  u64 dev, ino;
  u32 nameLength, zero;
} HashFile;

enum HashOutcome {
  HASHED = 0,
  /** Another inode has its name, or none, or its directory is not the one that was listed. */
  FILE_MOVED = 1,
  /** A link, FIFO, socket, device or directory has its name. */
  SPECIAL = 2,
  /** These say how in `error`. EFBIG in READ_FAILED: it has more than `largest` bytes. */
  OPEN_FAILED = 3,
  FSTAT_FAILED = 4,
  READ_FAILED = 5,
};

/** For each file: all but `outcome` and `error` is 0 unless it was hashed; the digest is, where it was seen to change. */
typedef struct {
  u8 digest[32];
  PackedStat before, after;
  u64 bytesRead;
  u32 outcome, error;
} HashRecord;

// ---- digest(request, lines, reply) -> the number of pieces. The reply is the SHA-256 of all of them, with a NUL between two.

enum PieceKind {
  /** Bytes of the lines as they are. */
  BYTES = 0,
  /** Whole lines, each one as a scan would call a hit: its path, NUL, its object id; a NUL between two of them. */
  ENTRIES = 1,
  /** Bytes of the request: padded, they follow the piece. */
  TEXT = 2,
  /**
   * Files of one directory, as entries: what stands before their names in their paths, padded; the names, each with its NUL,
   * padded; and 32 bytes of digest for each of them follow the piece.
   */
  FILES = 3,
};

typedef struct {
  u32 kind;
  /** Offsets into the lines; for a TEXT, 0 and the number of its bytes; for FILES, how many, and the bytes of their names. */
  u32 from, to;
  /** Bytes at the start of the path of each entry that are left out; for FILES, those before their names. */
  u32 skip;
} DigestPiece;

_Static_assert(sizeof(DigestPiece) == 16, "digest");
_Static_assert(sizeof(PackedStat) == 48 && sizeof(DirectoryDetail) == 48 && sizeof(FailedDetail) == 48, "details");
_Static_assert(sizeof(ScanRequest) == 40 && sizeof(ScanRecord) == 96, "scan");
_Static_assert(sizeof(HashDirectory) == 24 && sizeof(HashFile) == 24 && sizeof(HashRecord) == 144, "hash");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian");

/** A part of a caller's buffer that is read from its start on. Other threads may write to it: each byte is read once. */
typedef struct {
  const u8 *at, *end;
} Input;

static bool take(Input *input, void *out, size_t size) {
  if ((size_t)(input->end - input->at) < size) return false;
  memcpy(out, input->at, size);
  input->at += size;
  return true;
}

/**
 * Takes a path or name of `length` bytes with its NUL and padding, and makes room for `more` bytes behind it. Returns 0, or
 * -EINVAL for one that is cut, leads upwards or from the top, or is not as it would be listed.
 */
static long takePath(Input *input, u32 length, Region *out, size_t more) {
  size_t size = PADDED((size_t)length + 1);
  if ((size_t)(input->end - input->at) < size) return -EINVAL;
  if (!reserve(out, size + more)) return -ENOMEM;
  memcpy(out->at, input->at, size);
  input->at += size;
  const u8 *path = out->at;
  if (path[length]) return -EINVAL;
  for (u32 start = 0, i = 0; length && i <= length; i++) {
    if (!path[i] && i < length) return -EINVAL;
    if (path[i] && path[i] != '/') continue;
    u32 segment = i - start;
    if (!segment || (path[start] == '.' && (segment == 1 || (segment == 2 && path[start + 1] == '.')))) return -EINVAL;
    start = i + 1;
  }
  return 0;
}

static PackedStat packStat(const struct statx *stat) {
  u64 major = stat->stx_dev_major, minor = stat->stx_dev_minor;
  return (PackedStat){
      // As the C library's makedev, and so Node, puts the two together.
      .dev = (major & 0xfffff000) << 32 | (major & 0xfff) << 8 | (minor & 0xffffff00) << 12 | (minor & 0xff),
      .ino = stat->stx_ino,
      .size = stat->stx_size,
      .mtimeSeconds = stat->stx_mtime.tv_sec,
      .ctimeSeconds = stat->stx_ctime.tv_sec,
      .mtimeNanoseconds = stat->stx_mtime.tv_nsec,
      .ctimeNanoseconds = stat->stx_ctime.tv_nsec,
  };
}
