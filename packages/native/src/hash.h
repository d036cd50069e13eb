// The call `hash`: reads files and hashes them, by the OpenSSL inside Node.
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
