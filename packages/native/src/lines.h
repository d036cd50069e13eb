// The stored lines of a stat cache: where the line of a path is, and whether it is valid for a stat. The text comes from
// a file that anybody may have written: every byte is compared with the end before it is read, and nothing is assumed.
#pragma once
#include "layout.h"

static u64 word(const u8 *at) {
  u64 value;
  __builtin_memcpy(&value, at, 8);
  return value;
}

#define EACH_BYTE 0x0101010101010101ull
/** The lowest bit that is set is in the first byte of `word` that is `byte`; 0 where none is. */
static u64 bytesEqual(u64 word, u8 byte) {
  word ^= EACH_BYTE * byte;
  return (word - EACH_BYTE) & ~word & (EACH_BYTE * 0x80);
}

/** Returns where the line that holds `at` ends: on its line feed, or at `end`. */
static const u8 *lineEnd(const u8 *at, const u8 *end) {
  for (; end - at >= 8; at += 8) {
    u64 found = bytesEqual(word(at), '\n');
    if (found) return at + (__builtin_ctzll(found) >> 3);
  }
  while (at < end && *at != '\n') at++;
  return at;
}

static const u8 *nextLine(const u8 *at, const u8 *end) {
  at = lineEnd(at, end);
  return at < end ? at + 1 : end;
}

/** Returns the start of the line that holds `at`; `least` is the start of one. */
static const u8 *lineStart(const u8 *at, const u8 *least) {
  while (at > least && at[-1] != '\n') at--;
  return at;
}

static bool isLowerHex(u8 byte) { return ((u8)(byte - '0') < 10) | ((u8)(byte - 'a') < 6); }

static int hexDigit(u8 byte) {
  if (isLowerHex(byte)) return byte <= '9' ? byte - '0' : byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

/** Returns the UTF-16 unit of the `\uXXXX` at `at`, more than 0xffff where none is there. */
static u32 unitAt(const u8 *at, const u8 *end) {
  u32 unit = 0;
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return UINT32_MAX;
  for (int i = 2; i < 6; i++) {
    int digit = hexDigit(at[i]);
    if (digit < 0) return UINT32_MAX;
    unit = unit * 16 + (u32)digit;
  }
  return unit;
}

/** Reads the escape at `*at` in a key, and returns how many bytes it stands for. One that stands for none is a backslash. */
static size_t readEscape(const u8 **at, const u8 *end, u8 bytes[4]) {
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  for (size_t i = 0; end - *at > 1 && letters[i]; i++)
    if ((*at)[1] == letters[i]) return bytes[0] = (u8)meant[i], *at += 2, 1;
  u32 unit = unitAt(*at, end), low = unit >> 10 == 0xd800 >> 10 ? unitAt(*at + 6, end) : 0;
  bool isPair = low >> 10 == 0xdc00 >> 10;
  if (unit >= 0xdc80 && unit <= 0xdcff) return bytes[0] = (u8)unit, *at += 6, 1;
  if (unit > 0xffff || (!isPair && unit >> 11 == 0xd800 >> 11)) return bytes[0] = '\\', *at += 1, 1;
  *at += isPair ? 12 : 6;
  if (isPair) unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
  size_t length = unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit < 0x10000 ? 3 : 4;
  for (size_t i = length; --i; unit >>= 6) bytes[i] = (u8)(0x80 | (unit & 0x3f));
  bytes[0] = (u8)(length == 1 ? unit : (0xf00u >> length & 0xff) | unit);
  return length;
}

/**
 * Compares the path of a line with a path: negative when the line is before it. Where it is 0, `*quote` is the key's end. It
 * reads on behind the line of a key that does not end, and no further than `end`.
 */
static int compareKey(const u8 *line, const u8 *end, const u8 *path, size_t length, const u8 **quote) {
  const u8 *at = line + 1;
  size_t i = 0;
  while (length - i >= 8 && end - at >= 8) {
    u64 text = word(at);
    if (text != word(path + i) || bytesEqual(text, '"') || bytesEqual(text, '\\')) break;
    at += 8;
    i += 8;
  }
  for (;;) {
    u8 byte = at < end ? *at : 0;
    *quote = at;
    if (byte == '"') return i == length ? 0 : -1;
    if (i == length) return 1;
    u8 bytes[4] = {byte};
    size_t count = 1;
    if (byte == '\\') count = readEscape(&at, end, bytes);
    else at++;
    for (size_t k = 0; k < count; k++, i++) {
      if (i == length) return 1;
      if (bytes[k] != path[i]) return bytes[k] - path[i];
    }
  }
}

/** Returns the first line from `line` on that is not before a path, `to` where there is none; the text ends at `end`. */
static const u8 *lowerBound(const u8 *line, const u8 *to, const u8 *end, const u8 *path, size_t length) {
  const u8 *quote, *high = line;
  // In steps that double, since it is seldom far away; then by halves.
  for (size_t stride = 512;; stride *= 2) {
    if (high >= to) {
      high = to;
      break;
    }
    if (compareKey(high, end, path, length, &quote) >= 0) break;
    line = nextLine(high, to);
    high = (size_t)(to - line) > stride ? lineStart(line + stride, line) : to;
  }
  while (line < high) {
    const u8 *middle = lineStart(line + (high - line) / 2, line);
    if (compareKey(middle, end, path, length, &quote) < 0) line = nextLine(middle, high);
    else high = middle;
  }
  return line;
}

/** Returns how many bytes the valid UTF-8 sequence at `at` has, 0 where there is none (Unicode, table 3-7). */
static size_t utf8Length(const u8 *at, size_t size) {
  u8 first = at[0], least = 0x80, most = 0xbf;
  size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (first == 0xe0) least = 0xa0;
  if (first == 0xed) most = 0x9f;
  if (first == 0xf0) least = 0x90;
  if (first == 0xf4) most = 0x8f;
  if (length > size) return 0;
  for (size_t i = 1; i < length; i++, least = 0x80, most = 0xbf)
    if (at[i] < least || at[i] > most) return 0;
  return length;
}

/** Returns whether a path is written as it is: ASCII without quotes, backslashes and control characters. */
static bool isPlain(const u8 *path, size_t length) {
  u64 others = 0;
  size_t i = 0;
  for (; length - i >= 8; i += 8) {
    u64 bytes = word(path + i);
    others |= ((bytes - EACH_BYTE * 0x20) | bytes) & (EACH_BYTE * 0x80);
    others |= bytesEqual(bytes, '"') | bytesEqual(bytes, '\\');
  }
  for (; i < length; i++) others |= path[i] < 0x20 || path[i] >= 0x80 || path[i] == '"' || path[i] == '\\';
  return !others;
}

/** Returns whether the key from `key` to `quote`, which stands for `path`, is written as the format has it. */
static bool isCanonicalKey(const u8 *key, const u8 *quote, const u8 *path, size_t length) {
  if (isPlain(path, length)) return (size_t)(quote - key) == length;
  static const char digits[] = "0123456789abcdef", shorts[] = "\bb\tt\nn\ff\rr\"\"\\\\";
  for (size_t i = 0; i < length;) {
    u8 byte = path[i], text[6] = {'\\', 'u', '0', '0', (u8)digits[byte >> 4], (u8)digits[byte & 15]};
    size_t size = 6, step = utf8Length(path + i, length - i);
    if (!step) {
      step = 1;
      text[2] = 'd';
      text[3] = 'c';
    } else if (byte >= 0x20 && byte != '"' && byte != '\\') {
      memcpy(text, path + i, step);
      size = step;
    } else {
      for (const char *pair = shorts; *pair; pair += 2)
        if (byte == *pair) {
          text[1] = (u8)pair[1];
          size = 2;
        }
    }
    if ((size_t)(quote - key) < size || memcmp(key, text, size)) return false;
    key += size;
    i += step;
  }
  return key == quote;
}

// Each of these moves `*at` behind what it reads, and returns false where something else stands there.

static inline __attribute__((always_inline)) bool literal(const u8 **at, const u8 *end, const char *text, size_t size) {
  if ((size_t)(end - *at) < size || memcmp(*at, text, size)) return false;
  *at += size;
  return true;
}
#define LITERAL(at, end, text) literal(at, end, text, sizeof text - 1)

/** An integer without sign or needless zero. One of more than 64 bits equals nothing: `*exact` becomes false. */
static bool integer(const u8 **at, const u8 *end, u64 *value, bool *exact) {
  const u8 *start = *at, *p = start;
  u64 sum = 0;
  for (; p < end && *p >= '0' && *p <= '9'; p++) {
    // Fewer digits cannot overflow.
    if (p - start < 19) sum = sum * 10 + (u64)(*p - '0');
    else if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, (u64)(*p - '0'), &sum)) *exact = false;
  }
  *value = sum;
  *at = p;
  return p > start && p - start <= 20 && (*start != '0' || p - start == 1);
}

/** A time in seconds with nine decimals; zero has no sign. */
static bool timestamp(const u8 **at, const u8 *end, i64 seconds, u32 nanoseconds, bool *equal) {
  u64 whole;
  u32 fraction = 0;
  bool exact = true, negative = LITERAL(at, end, "-");
  if (!integer(at, end, &whole, &exact) || !LITERAL(at, end, ".") || end - *at < 9) return false;
  for (int i = 0; i < 9; i++, ++*at) {
    if (**at < '0' || **at > '9') return false;
    fraction = fraction * 10 + (u32)(**at - '0');
  }
  if (negative && whole == 0 && fraction == 0 && exact) return false;
  // The text has a sign and an absolute value; the kernel's nanoseconds count up from the second before.
  bool before = seconds < 0;
  u64 absolute = before ? 0 - (u64)seconds : (u64)seconds;
  if (before && nanoseconds) {
    absolute--;
    nanoseconds = 1000000000 - nanoseconds;
  }
  *equal = exact && negative == before && whole == absolute && fraction == nanoseconds;
  return true;
}

/** A text as it is written where it has neither escapes nor other scripts. */
static bool plainText(const u8 **at, const u8 *end) {
  if (!LITERAL(at, end, "\"")) return false;
  while (*at < end && **at >= ' ' && **at < 0x80 && **at != '"' && **at != '\\') ++*at;
  return LITERAL(at, end, "\"");
}

/** Bytes of an object id: the name of its algorithm, and 64 digits. */
enum { ID_BYTES = 71 };

/** Returns where the object id is in a line whose key ends at `quote` and that ends at `end`; NULL where there is none. */
static const u8 *objectIdOf(const u8 *quote, const u8 *end) {
  static const char tail[] = "\",\"dimensions\":{}}";
  const u8 *at = quote, *id;
  if (end > at && end[-1] == ',') end--;
  if ((size_t)(end - at) >= sizeof tail - 1 + ID_BYTES && !memcmp(end - (sizeof tail - 1), tail, sizeof tail - 1)) {
    at = end - (sizeof tail - 1) - ID_BYTES;
  } else {
    // With dimensions: behind the four numbers.
    for (int commas = 0; at < end && commas < 4;) commas += *at++ == ',';
    if (!LITERAL(&at, end, "\"object_hash\":\"")) return NULL;
  }
  id = at;
  return LITERAL(&at, end, "sha256:") && end - at >= 64 ? id : NULL;
}

enum { MOST_DIMENSIONS = 1000, LONGEST_DIMENSION = 1000, LONGEST_LINE = 16 << 20 };

/** An object of plain texts, in the order of their names. */
static bool dimensions(const u8 **at, const u8 *end) {
  const u8 *last = NULL;
  size_t lastLength = 0;
  if (!LITERAL(at, end, "{")) return false;
  if (LITERAL(at, end, "}")) return true;
  for (int count = 0; count < MOST_DIMENSIONS; count++) {
    const u8 *name = *at + 1;
    if (!plainText(at, end)) return false;
    size_t length = (size_t)(*at - 1 - name), same = 0;
    while (last && same < length && same < lastLength && name[same] == last[same]) same++;
    bool isAfter = !last || (same < length && (same == lastLength || name[same] > last[same]));
    if (!isAfter || length > LONGEST_DIMENSION || !LITERAL(at, end, ":") || !plainText(at, end)) return false;
    if (!LITERAL(at, end, ",")) return LITERAL(at, end, "}");
    last = name;
    lastLength = length;
  }
  return false;
}

/** Judges a line whose key ends at `quote` and stands for `path`; the line ends at `end`, and offsets count from `lines`. */
static u32 judgeLine(const u8 *line, const u8 *quote, const u8 *end, const u8 *path, size_t length, const u8 *lines,
                     const PackedStat *stat) {
  bool sameMtime, sameCtime, sizeExact = true, inodeExact = true;
  u64 size, inode;
  const u8 *at = quote;
  // A key with a line feed in it ends on another line.
  if (quote > end || //
      !LITERAL(&at, end, "\":{\"mtime\":") || !timestamp(&at, end, stat->mtimeSeconds, stat->mtimeNanoseconds, &sameMtime) ||
      !LITERAL(&at, end, ",\"ctime\":") || !timestamp(&at, end, stat->ctimeSeconds, stat->ctimeNanoseconds, &sameCtime) ||
      !LITERAL(&at, end, ",\"size\":") || !integer(&at, end, &size, &sizeExact) || //
      !LITERAL(&at, end, ",\"ino\":") || !integer(&at, end, &inode, &inodeExact) || //
      !LITERAL(&at, end, ",\"object_hash\":\""))
    return BAD_LINE;
  const u8 *id = at;
  if (!LITERAL(&at, end, "sha256:") || end - at < 64) return BAD_LINE;
  // Without a branch for each.
  bool isHex = true;
  for (int i = 0; i < 64; i++) isHex &= isLowerHex(at[i]);
  at += 64;
  if (!isHex || !LITERAL(&at, end, "\",\"dimensions\":")) return BAD_LINE;
  bool sameSize = sizeExact && size == stat->size, sameInode = inodeExact && inode == stat->ino;
  bool isSame = sameSize && sameMtime && sameCtime && sameInode;
  const u8 *tail = at;
  if (isSame && LITERAL(&tail, end, "{}}")) return (u32)(id - lines);
  if (*line != '"' || end - line > LONGEST_LINE || !isCanonicalKey(line + 1, quote, path, length)) return BAD_LINE;
  if (!dimensions(&at, end) || !LITERAL(&at, end, "}")) return BAD_LINE;
  (void)LITERAL(&at, end, ",");
  if (at != end) return BAD_LINE;
  if (!sameSize) return OTHER_SIZE;
  if (!sameMtime) return OTHER_MTIME;
  if (!sameCtime) return OTHER_CTIME;
  if (!sameInode) return OTHER_INODE;
  return (u32)(id - lines);
}
