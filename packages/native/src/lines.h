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

/** Reads the byte that stands at `*at` in a key, escaped or not. A backslash that begins no escape of one byte is a byte. */
static u8 keyByte(const u8 **at, const u8 *end) {
  const u8 *p = *at;
  *at = p + 1;
  if (*p != '\\' || end - p < 2) return *p;
  *at = p + 2;
  switch (p[1]) {
    case '"': case '\\': case '/': return p[1];
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u':
      if (end - p >= 6) {
        int value = 0;
        for (int i = 2; i < 6; i++) {
          int digit = hexDigit(p[i]);
          value = digit < 0 || value < 0 ? -1 : value * 16 + digit;
        }
        *at = p + 6;
        if (value >= 0 && value < 0x80) return (u8)value;
        if (value >= 0xdc80 && value <= 0xdcff) return (u8)(value - 0xdc00);
      }
  }
  *at = p + 1;
  return '\\';
}

/** Compares the path of a line with a path: negative when the line is before it. Where it is 0, `*quote` is the key's end. */
static int compareKey(const u8 *line, const u8 *end, const u8 *path, size_t length, const u8 **quote) {
  *quote = line;
  if (line >= end || *line != '"') return -1;
  const u8 *at = line + 1;
  size_t i = 0;
  while (length - i >= 8 && end - at >= 8) {
    u64 text = word(at);
    if (text != word(path + i) || bytesEqual(text, '"') || bytesEqual(text, '\\') || bytesEqual(text, '\n')) break;
    at += 8;
    i += 8;
  }
  for (;;) {
    *quote = at;
    if (at >= end || *at == '"' || *at == '\n') return i == length ? 0 : -1;
    u8 byte = keyByte(&at, end);
    if (i == length) return 1;
    if (byte != path[i]) return byte - path[i];
    i++;
  }
}

/** Returns the first line from `line` on that is not before a path, `end` where there is none. */
static const u8 *lowerBound(const u8 *line, const u8 *end, const u8 *path, size_t length) {
  const u8 *quote, *high = line;
  // In steps that double, since it is seldom far away; then by halves.
  for (size_t stride = 512;; stride *= 2) {
    if (high >= end) {
      high = end;
      break;
    }
    if (compareKey(high, end, path, length, &quote) >= 0) break;
    line = nextLine(high, end);
    high = (size_t)(end - line) > stride ? lineStart(line + stride, line) : end;
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

static bool string(const u8 **at, const u8 *end) {
  if (!LITERAL(at, end, "\"")) return false;
  for (; *at < end && **at >= ' '; ++*at) {
    if (**at == '"') return ++*at, true;
    if (**at == '\\' && ++*at == end) return false;
  }
  return false;
}

static bool dimensions(const u8 **at, const u8 *end) {
  if (!LITERAL(at, end, "{")) return false;
  if (LITERAL(at, end, "}")) return true;
  do
    if (!string(at, end) || !LITERAL(at, end, ":") || !string(at, end)) return false;
  while (LITERAL(at, end, ","));
  return LITERAL(at, end, "}");
}

/** Judges a line behind its key: `at` is the quote that ends the key, `end` the line's end, `lines` where offsets count from. */
static u32 judgeLine(const u8 *at, const u8 *end, const u8 *lines, const PackedStat *stat) {
  bool sameMtime, sameCtime, sizeExact = true, inodeExact = true;
  u64 size, inode;
  if (!LITERAL(&at, end, "\":{\"mtime\":") || !timestamp(&at, end, stat->mtimeSeconds, stat->mtimeNanoseconds, &sameMtime) ||
      !LITERAL(&at, end, ",\"ctime\":") || !timestamp(&at, end, stat->ctimeSeconds, stat->ctimeNanoseconds, &sameCtime) ||
      !LITERAL(&at, end, ",\"size\":") || !integer(&at, end, &size, &sizeExact) || //
      !LITERAL(&at, end, ",\"ino\":") || !integer(&at, end, &inode, &inodeExact) ||
      !LITERAL(&at, end, ",\"object_hash\":\"sha256:"))
    return BAD_LINE;
  const u8 *id = at;
  if (end - at < 64) return BAD_LINE;
  // Without a branch for each.
  bool isHex = true;
  for (int i = 0; i < 64; i++) isHex &= isLowerHex(id[i]);
  at += 64;
  if (!isHex || !LITERAL(&at, end, "\",\"dimensions\":") || !dimensions(&at, end) || !LITERAL(&at, end, "}")) return BAD_LINE;
  (void)LITERAL(&at, end, ",");
  if (at != end) return BAD_LINE;
  if (!sizeExact || size != stat->size) return OTHER_SIZE;
  if (!sameMtime) return OTHER_MTIME;
  if (!sameCtime) return OTHER_CTIME;
  if (!inodeExact || inode != stat->ino) return OTHER_INODE;
  return (u32)(id - lines);
}
