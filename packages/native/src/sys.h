// Raw Linux system calls, memory straight from the kernel, and the routines that a compiler calls on its own account.
// The binary uses nothing of a C library, so that one file serves every one of them.
#pragma once
#include <asm/poll.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/mman.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

#if defined(__x86_64__)
static inline long sys(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(number)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return number;
}
#elif defined(__aarch64__)
static inline long sys(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "no raw system calls for this processor"
#endif

// A test build stops before each call that touches the file system.
#ifdef MUSE_STEPS
static void step(const char *call);
#else
#define step(call) ((void)0)
#endif

// Each returns what the kernel returns: a result, or an error number negated. An interrupted call is made again.
#define CALL(name, a, b, c, d, e)                                          \
  long result;                                                             \
  step(#name);                                                             \
  do result = sys(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0); \
  while (result == -EINTR);                                                \
  return result

static long openAt(int directory, const char *path, int flags) { CALL(openat, directory, path, flags, 0, 0); }
static long statAt(int directory, const char *path, int flags, struct statx *out) {
  CALL(statx, directory, path, flags, STATX_BASIC_STATS, out);
}
static long getDirents(int directory, void *out, size_t size) { CALL(getdents64, directory, out, size, 0, 0); }
/** So that a directory is listed once more. */
static long seekToStart(int directory) { CALL(lseek, directory, 0, 0, 0, 0); }
static long readFrom(int file, void *out, size_t size) { CALL(read, file, out, size, 0, 0); }
static long addWatch(int inotify, const char *path, u32 mask) { CALL(inotify_add_watch, inotify, path, mask, 0, 0); }
static long removeWatch(int inotify, int watch) { CALL(inotify_rm_watch, inotify, watch, 0, 0, 0); }
static long newInotify(void) { CALL(inotify_init1, O_NONBLOCK | O_CLOEXEC, 0, 0, 0, 0); }
/** Tells at once what is the matter with a descriptor. */
static long pollNow(struct pollfd *polled) {
  struct __kernel_timespec noTime = {0, 0};
  CALL(ppoll, polled, 1, &noTime, NULL, 0);
}
/** Linux closes the descriptor even when it reports an interruption: never made again. */
static void closeFile(int file) {
  step("close");
  sys(__NR_close, file, 0, 0, 0, 0, 0);
}

static bool isError(long result) { return result < 0 && result >= -4095; }

#ifdef __SANITIZE_ADDRESS__
void __asan_poison_memory_region(void const volatile *at, size_t size);
void __asan_unpoison_memory_region(void const volatile *at, size_t size);
#endif

/** Memory of one call's own that grows; all zero is an empty one. */
typedef struct {
  u8 *at;
  size_t size;
} Region;

/** Makes room for at least `size` bytes, keeping what is there; the region may move. False: no memory. */
static bool reserve(Region *region, size_t size) {
#ifdef __SANITIZE_ADDRESS__
  if (region->at) __asan_unpoison_memory_region(region->at, region->size);
#endif
  if (size > region->size) {
    size_t larger = region->size ? region->size : 32768;
    while (larger < size) larger *= 2;
    long at = region->at ? sys(__NR_mremap, (long)region->at, (long)region->size, (long)larger, MREMAP_MAYMOVE, 0, 0)
                         : sys(__NR_mmap, 0, (long)larger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (isError(at)) return false;
    region->at = (u8 *)at;
    region->size = larger;
  }
#ifdef __SANITIZE_ADDRESS__
  __asan_poison_memory_region(region->at + size, region->size - size);
#endif
  return true;
}

static void release(Region *region) {
  if (!region->at) return;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(region->at, region->size);
#endif
  sys(__NR_munmap, (long)region->at, (long)region->size, 0, 0, 0, 0);
  region->at = NULL;
  region->size = 0;
}

#ifndef MUSE_LIBC
// The compiler may call these for assignments, initialisers and loops of its own.
#define OWN __attribute__((visibility("hidden"), used))
OWN void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  u8 *t = to;
  const u8 *f = from;
  for (; size >= 8; size -= 8, t += 8, f += 8) {
    u64 word;
    __builtin_memcpy(&word, f, 8);
    __builtin_memcpy(t, &word, 8);
  }
  while (size--) *t++ = *f++;
  return to;
}
OWN void *memmove(void *to, const void *from, size_t size) {
  u8 *t = to;
  const u8 *f = from;
  if ((uintptr_t)t - (uintptr_t)f >= size) return memcpy(to, from, size);
  while (size--) t[size] = f[size];
  return to;
}
OWN void *memset(void *at, int value, size_t size) {
  u8 *a = at;
  while (size--) *a++ = (u8)value;
  return at;
}
OWN int memcmp(const void *a, const void *b, size_t size) {
  const u8 *x = a, *y = b;
  for (; size; size--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
#undef OWN
// Of a size that is known, a few instructions in place of a call.
#define memcpy __builtin_memcpy
#define memcmp __builtin_memcmp
#else
#include <string.h>
#endif
