// The calls `hash`, which reads files and hashes them, and `digest`, which hashes memory: by the OpenSSL inside Node.
#pragma once
#include "scan.h"

// Declared weak: a Node that lacks one of these has no `hash`, and loads the rest.
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD;
#define WEAK extern __attribute__((weak))
WEAK EVP_MD_CTX *EVP_MD_CTX_new(void);
WEAK void EVP_MD_CTX_free(EVP_MD_CTX *context);
WEAK EVP_MD *EVP_MD_fetch(void *library, const char *name, const char *properties);
WEAK void EVP_MD_free(EVP_MD *md);
WEAK int EVP_DigestInit_ex2(EVP_MD_CTX *context, const EVP_MD *md, const void *parameters);
WEAK int EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size);
WEAK int EVP_DigestFinal_ex(EVP_MD_CTX *context, u8 *digest, unsigned *size);
#undef WEAK

static bool canHash(void) {
  return EVP_MD_CTX_new && EVP_MD_CTX_free && EVP_MD_fetch && EVP_MD_free && EVP_DigestInit_ex2 && EVP_DigestUpdate &&
         EVP_DigestFinal_ex;
}

// On the stack, which is warm: mapping it anew took each call 25 µs. V8 leaves a worker thread 192 KiB beyond its own.
enum { READ_SIZE = 65536 };

typedef struct {
  EVP_MD *md;
  EVP_MD_CTX *context;
  u64 largest;
  u8 *buffer;
  Region path, name;
} Hash;

static void setOutcome(HashRecord *record, u32 outcome, long error) {
  *record = (HashRecord){.outcome = isMoved(error) ? FILE_MOVED : outcome};
  if (record->outcome != FILE_MOVED) record->error = (u32)-error;
}

/** Stats an open file. False: it failed, and the outcome is set. */
static bool statOpen(int file, struct statx *stat, HashRecord *record) {
  long result = statAt(file, "", AT_EMPTY_PATH, stat);
  if (result < 0) setOutcome(record, FSTAT_FAILED, result);
  return result >= 0;
}

/** Reads an open file to its end, or until it is seen to change. False: OpenSSL failed. */
static bool readAndHash(Hash *hash, int file, HashRecord *record) {
  struct statx stat;
  if (!EVP_DigestInit_ex2(hash->context, hash->md, NULL)) return false;
  bool changed = false;
  for (;;) {
    long size = readFrom(file, hash->buffer, READ_SIZE);
    if (size < 0) return setOutcome(record, READ_FAILED, size), true;
    if (size == 0) break;
    if (!EVP_DigestUpdate(hash->context, hash->buffer, (size_t)size)) return false;
    record->bytesRead += (u64)size;
    if (record->bytesRead == record->before.size && size < READ_SIZE) break;
    if (record->bytesRead > hash->largest) return setOutcome(record, READ_FAILED, -EFBIG), true;
    if (record->bytesRead <= record->before.size) continue;
    // There is more than the stat says: either the file grows, or its size lies and this is how to tell.
    if (!statOpen(file, &stat, record)) return true;
    PackedStat now = packStat(&stat);
    changed = memcmp(&now, &record->before, sizeof now) != 0;
    if (changed) break;
  }
  if (!statOpen(file, &stat, record)) return true;
  record->after = packStat(&stat);
  return changed || EVP_DigestFinal_ex(hash->context, record->digest, NULL);
}

/** Says what has the name of a file that was not opened: a link, a socket or a device without a driver. */
static void judgeUnopened(Hash *hash, int directory, HashRecord *record) {
  struct statx stat;
  long result = statAt(directory, (char *)hash->name.at, AT_SYMLINK_NOFOLLOW, &stat);
  if (result < 0) setOutcome(record, READ_FAILED, result);
  else setOutcome(record, (stat.stx_mode & S_TYPE) == S_REG ? FILE_MOVED : SPECIAL, 0);
}

/** Hashes one file of an open directory. False: OpenSSL failed. */
static bool hashFile(Hash *hash, int directory, const HashFile *wanted, HashRecord *record) {
  long file = openAt(directory, (char *)hash->name.at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (file == -ELOOP || file == -ENXIO) return judgeUnopened(hash, directory, record), true;
  if (file < 0) return setOutcome(record, OPEN_FAILED, file), true;
  struct statx stat;
  bool hashed = true;
  if (statOpen((int)file, &stat, record)) {
    record->before = packStat(&stat);
    if (!isSame(&record->before, wanted->dev, wanted->ino)) setOutcome(record, FILE_MOVED, 0);
    else if ((stat.stx_mode & S_TYPE) != S_REG) setOutcome(record, SPECIAL, 0);
    else if (record->before.size > hash->largest) setOutcome(record, READ_FAILED, -EFBIG);
    else hashed = readAndHash(hash, (int)file, record);
  }
  closeFile((int)file);
  return hashed;
}

/** Opens the directory, if it is still the one that was listed; sets an outcome for all of its files otherwise. */
static long openListed(int root, Hash *hash, const HashDirectory *wanted, HashRecord *record) {
  struct statx stat;
  long directory = openDirectory(root, (char *)hash->path.at, wanted->pathLength);
  if (directory < 0) return setOutcome(record, OPEN_FAILED, directory), directory;
  if (statOpen((int)directory, &stat, record)) {
    PackedStat packed = packStat(&stat);
    if (isSame(&packed, wanted->dev, wanted->ino)) return directory;
    setOutcome(record, FILE_MOVED, 0);
  }
  closeFile((int)directory);
  return -1;
}

/** Hashes the files of one directory. Returns how many fit into the reply, or an error number negated. */
static long hashDirectory(int root, Hash *hash, Input *request, u8 *reply, size_t room) {
  HashDirectory wanted;
  HashRecord none = {0};
  long taken = take(request, &wanted, sizeof wanted) ? takePath(request, wanted.pathLength, &hash->path, 0) : -EINVAL;
  if (taken < 0) return taken;
  long directory = openListed(root, hash, &wanted, &none), answered = 0;
  while (answered < (long)wanted.files) {
    HashFile file;
    HashRecord record = none;
    taken = take(request, &file, sizeof file) ? takePath(request, file.nameLength, &hash->name, 0) : -EINVAL;
    for (u32 i = 0; taken == 0 && i < file.nameLength; i++)
      if (hash->name.at[i] == '/') taken = -EINVAL;
    if (taken == 0 && !file.nameLength) taken = -EINVAL;
    if (taken == 0 && directory >= 0 && room >= sizeof record && !hashFile(hash, (int)directory, &file, &record)) taken = -EIO;
    if (taken < 0) answered = taken;
    if (taken < 0 || room < sizeof record) break;
    memcpy(reply, &record, sizeof record);
    reply += sizeof record;
    room -= sizeof record;
    answered++;
  }
  if (directory >= 0) closeFile((int)directory);
  return answered;
}

/** Returns how many files were answered, or an error number negated: -EINVAL for a request that is not as it should be. */
static long hash(int root, u64 largest, Input request, u8 *reply, size_t capacity) {
  if (!canHash()) return -ENOSYS;
  u8 buffer[READ_SIZE];
  Hash state = {.largest = largest, .buffer = buffer};
  state.md = EVP_MD_fetch(NULL, "SHA256", NULL);
  state.context = EVP_MD_CTX_new();
  long answered = state.md && state.context ? 0 : -ENOMEM;
  while (answered >= 0 && request.at < request.end) {
    size_t used = (size_t)answered * sizeof(HashRecord);
    if (capacity - used < sizeof(HashRecord)) break;
    long more = hashDirectory(root, &state, &request, reply + used, capacity - used);
    answered = more < 0 ? more : answered + more;
  }
  EVP_MD_CTX_free(state.context);
  EVP_MD_free(state.md);
  release(&state.path);
  release(&state.name);
  return answered;
}

/** Hashes bytes in memory. False: OpenSSL failed, or is not there. */
static bool digestOf(const u8 *at, size_t size, u8 *digest) {
  if (!canHash()) return false;
  EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool done = md && context && EVP_DigestInit_ex2(context, md, NULL) && EVP_DigestUpdate(context, at, size) &&
              EVP_DigestFinal_ex(context, digest, NULL);
  EVP_MD_CTX_free(context);
  EVP_MD_free(md);
  return done;
}

enum { DIGEST_SIZE = sizeof((HashRecord *)0)->digest };

/** Bytes on their way to a digest. */
typedef struct {
  EVP_MD_CTX *context;
  size_t used;
  /** True once there was a byte, or a NUL between two of what a NUL comes between. */
  bool hasBegun, failed;
  u8 *bytes;
} Stream;

static void flush(Stream *stream, const u8 *at, size_t size) {
  if (!EVP_DigestUpdate(stream->context, stream->bytes, stream->used) || !EVP_DigestUpdate(stream->context, at, size))
    stream->failed = true;
  stream->used = 0;
}

static void append(Stream *stream, const u8 *at, size_t size) {
  if (size > READ_SIZE - stream->used) return flush(stream, at, size);
  memcpy(stream->bytes + stream->used, at, size);
  stream->used += size;
}

/** Begins a piece or an entry: with a NUL, unless it is the first. */
static void separate(Stream *stream) {
  if (stream->hasBegun) append(stream, (const u8 *)"", 1);
  stream->hasBegun = true;
}

/** Appends a part of a path, but for the bytes of it that are to be left out. */
static void appendPath(Stream *stream, const u8 *at, size_t size, u32 *skip) {
  size_t skipped = size < *skip ? size : *skip;
  *skip -= (u32)skipped;
  append(stream, at + skipped, size - skipped);
}

/** Appends the entry of a line that ends at `end`. False: it is no line as there should be. */
static bool appendEntry(Stream *stream, const u8 *line, const u8 *end, u32 skip) {
  const u8 *at = line + 1, *from = at;
  if (line == end || *line != '"') return false;
  separate(stream);
  for (;;) {
    for (; end - at >= 8; at += 8) {
      u64 text = word(at), found = bytesEqual(text, '"') | bytesEqual(text, '\\');
      if (found) break;
    }
    while (at < end && *at != '"' && *at != '\\') at++;
    appendPath(stream, from, (size_t)(at - from), &skip);
    if (at == end) return false;
    if (*at == '"') break;
    u8 bytes[4];
    size_t size = readEscape(&at, end, bytes);
    appendPath(stream, bytes, size, &skip);
    from = at;
  }
  const u8 *id = objectIdOf(at, end);
  if (!id || skip) return false;
  append(stream, (const u8 *)"", 1);
  append(stream, id, ID_BYTES);
  return true;
}

/** Appends the entries of files. False: they are not as they should be. */
static bool appendFiles(Stream *stream, const DigestPiece *piece, Input *request) {
  size_t prefixSize = PADDED((size_t)piece->skip), namesSize = PADDED((size_t)piece->to);
  if ((size_t)(request->end - request->at) < prefixSize + namesSize + (size_t)piece->from * DIGEST_SIZE) return false;
  const u8 *prefix = request->at, *name = prefix + prefixSize, *end = name + piece->to, *digest = name + namesSize;
  request->at = digest + (size_t)piece->from * DIGEST_SIZE;
  for (u32 i = 0; i < piece->from; i++, digest += DIGEST_SIZE) {
    const u8 *nul = name;
    while (nul < end && *nul) nul++;
    if (nul == end) return false;
    u8 id[ID_BYTES] = "sha256:";
    for (u32 byte = 0, at = 7; byte < DIGEST_SIZE; byte++) {
      id[at++] = (u8)"0123456789abcdef"[digest[byte] >> 4];
      id[at++] = (u8)"0123456789abcdef"[digest[byte] & 15];
    }
    separate(stream);
    append(stream, prefix, piece->skip);
    append(stream, name, (size_t)(nul + 1 - name));
    append(stream, id, sizeof id);
    name = nul + 1;
  }
  return name == end;
}

/** Appends the pieces of a request. Returns how many, or an error number negated. */
static long appendPieces(Stream *stream, Input request, const u8 *lines, size_t size) {
  long count = 0;
  for (; request.at < request.end; count++) {
    DigestPiece piece;
    if (!take(&request, &piece, sizeof piece) || piece.kind > FILES) return -EINVAL;
    if (piece.kind == FILES) {
      if (!appendFiles(stream, &piece, &request)) return -EINVAL;
      continue;
    }
    size_t room = piece.kind == TEXT ? (size_t)(request.end - request.at) : size;
    if (piece.from > piece.to || piece.to > room || (piece.kind == TEXT && PADDED((size_t)piece.to) > room)) return -EINVAL;
    const u8 *at = piece.kind == TEXT ? request.at : lines, *end = at + piece.to;
    at += piece.from;
    if (piece.kind == ENTRIES) {
      for (const u8 *next; at < end; at = next) {
        const u8 *feed = lineEnd(at, end);
        next = feed < end ? feed + 1 : end;
        if (!appendEntry(stream, at, feed, piece.skip)) return -EINVAL;
      }
      continue;
    }
    separate(stream);
    append(stream, at, (size_t)(end - at));
    if (piece.kind == TEXT) request.at += PADDED((size_t)piece.to);
  }
  return count;
}

static long digest(Input request, const u8 *lines, size_t size, u8 *reply, size_t capacity) {
  if (!canHash()) return -ENOSYS;
  if (capacity < DIGEST_SIZE) return -EINVAL;
  u8 bytes[READ_SIZE];
  Stream stream = {.bytes = bytes};
  EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
  stream.context = EVP_MD_CTX_new();
  bool begun = md && stream.context && EVP_DigestInit_ex2(stream.context, md, NULL);
  long count = begun ? appendPieces(&stream, request, lines, size) : -EIO;
  if (count >= 0) {
    flush(&stream, lines, 0);
    if (stream.failed || !EVP_DigestFinal_ex(stream.context, reply, NULL)) count = -EIO;
  }
  EVP_MD_CTX_free(stream.context);
  EVP_MD_free(md);
  return count;
}
