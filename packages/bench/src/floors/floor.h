/* What both floors need: an end with a message, and SHA-256 by OpenSSL where the compiler finds its header. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST_BYTES 32
#define MOST_THREADS 64

/* Not by `exit`, which has OpenSSL clean up what another thread may be using. */
static inline _Noreturn void fail(const char *what, const char *path) {
  fprintf(stderr, "Cannot measure the floor: %s: %s\n", what, path);
  _exit(1);
}

static inline void *need(void *memory) {
  if (memory == NULL) fail("no memory", "");
  return memory;
}

#ifdef WITHOUT_OPENSSL
/* Leaves out the hashing, so that what remains is the system calls. */
typedef int sha256;
static inline sha256 *sha256_new(void) { return NULL; }
static inline void sha256_start(sha256 *hash) { (void)hash; }
static inline void sha256_add(sha256 *hash, const void *bytes, size_t count) { (void)hash, (void)bytes, (void)count; }
static inline void sha256_end(sha256 *hash, uint8_t *digest) {
  (void)hash;
  memset(digest, 0, DIGEST_BYTES);
}
#else
#include <openssl/evp.h>
typedef EVP_MD_CTX sha256;
static inline sha256 *sha256_new(void) {
  sha256 *hash = need(EVP_MD_CTX_new());
  if (EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) fail("no SHA-256", "OpenSSL");
  return hash;
}
/* Without an algorithm it is the one from before, which need not be looked up again. */
static inline void sha256_start(sha256 *hash) { EVP_DigestInit_ex(hash, NULL, NULL); }
static inline void sha256_add(sha256 *hash, const void *bytes, size_t count) { EVP_DigestUpdate(hash, bytes, count); }
static inline void sha256_end(sha256 *hash, uint8_t *digest) { EVP_DigestFinal_ex(hash, digest, NULL); }
#endif

static inline void to_hex(const uint8_t *digest, char *hex) {
  for (int i = 0; i < DIGEST_BYTES; i++) sprintf(hex + 2 * i, "%02x", digest[i]);
}

/* Runs `work` on so many threads, this one included, which does `first` before. */
static inline void on_threads(const char *count, void *(*work)(void *), void (*first)(void)) {
  pthread_t threads[MOST_THREADS];
  int others = atoi(count) - 1;
  if (others < 0 || others >= MOST_THREADS) fail("no number of threads", count);
  for (int i = 0; i < others; i++)
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) fail("no thread", count);
  first();
  work(NULL);
  for (int i = 0; i < others; i++) pthread_join(threads[i], NULL);
}
