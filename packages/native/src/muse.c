// The native engine as a Node-API module: its calls are in scan.h and hash.h, what goes in and out is layout.h. It keeps no
// state between calls, writes no file, and reads and writes no memory but its own and the buffers it was given.
#define NAPI_VERSION 8
#include <node_api.h>
#include "hash.h"

typedef enum { SCAN, HASH, DIGEST } Call;

/** One call. Its buffers belong to the caller, who keeps them alive: for an asynchronous call by `buffers`. */
typedef struct {
  Call call;
  int root, inotify;
  u64 largest;
  struct {
    u8 *at;
    size_t size;
  } request, lines, reply;
  long result;
  napi_async_work work;
  napi_deferred deferred;
  napi_ref buffers;
} Job;

typedef struct {
  Call call;
  bool isSync;
} Form;

#ifdef MUSE_STEPS
// Only a synchronous call steps: it sets this for its duration. A test does not run another call meanwhile.
static struct {
  napi_env env;
  napi_value function;
} stepper;

static void step(const char *call) {
  napi_value undefined, name, result;
  napi_env env = stepper.env;
  if (!env || napi_get_undefined(env, &undefined) || napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &name)) return;
  // Where it throws, the call goes on without it, and throws at its end.
  if (napi_call_function(env, undefined, stepper.function, 1, &name, &result)) stepper.env = NULL;
}
#endif

static void run(Job *job) {
  Input request = {job->request.at, job->request.at + job->request.size};
  u8 *lines = job->lines.at, *reply = job->reply.at;
  size_t size = job->lines.size, capacity = job->reply.size;
  switch (job->call) {
    case SCAN: job->result = scan(job->root, job->inotify, request, lines, size, reply, capacity); break;
    case HASH: job->result = hash(job->root, job->largest, request, reply, capacity); break;
    case DIGEST: job->result = digest(request, lines, size, reply, capacity); break;
  }
}

static bool bytesOf(napi_env env, napi_value value, u8 **at, size_t *size, napi_value *buffer) {
  napi_typedarray_type type;
  bool isTypedArray;
  return !napi_is_typedarray(env, value, &isTypedArray) && isTypedArray &&
         !napi_get_typedarray_info(env, value, &type, size, (void **)at, buffer, NULL) && type == napi_uint8_array;
}

/** Shared memory alone: it cannot be detached while a thread of the pool uses it. */
static bool sharedBytes(napi_env env, napi_value value, u8 **at, size_t *size) {
  napi_value buffer;
  bool isUnshared;
  return bytesOf(env, value, at, size, &buffer) && !napi_is_arraybuffer(env, buffer, &isUnshared) && !isUnshared;
}

/** Reads scan's (root, inotify, request, reply, lines), hash's (root, largest, request, reply) or digest's (0, 0, request,
 * reply, lines); throws where they are others. */
static bool readArguments(napi_env env, const napi_value *arguments, Job *job) {
  i64 second;
  bool good = !napi_get_value_int32(env, arguments[0], &job->root) && !napi_get_value_int64(env, arguments[1], &second) &&
              sharedBytes(env, arguments[2], &job->request.at, &job->request.size) &&
              sharedBytes(env, arguments[3], &job->reply.at, &job->reply.size) &&
              (job->call == HASH || sharedBytes(env, arguments[4], &job->lines.at, &job->lines.size));
  if (good && job->call == HASH) good = second >= 0, job->largest = (u64)second;
  else if (good) good = second >= -1 && second <= INT32_MAX, job->inotify = (int)second;
  if (!good) napi_throw_type_error(env, NULL, "Expected descriptors or sizes, then Uint8Arrays of SharedArrayBuffers");
  return good;
}

static napi_value toNumber(napi_env env, long value) {
  napi_value number;
  return napi_create_int64(env, value, &number) ? NULL : number;
}

static void execute(napi_env env, void *data) {
  (void)env;
  run(data);
}

static void freeJob(napi_env env, Job *job) {
  if (job->work) napi_delete_async_work(env, job->work);
  if (job->buffers) napi_delete_reference(env, job->buffers);
  sys(__NR_munmap, (long)job, sizeof *job, 0, 0, 0, 0);
}

// Also called when the thread is ending: then nobody hears the answer.
static void complete(napi_env env, napi_status status, void *data) {
  Job *job = data;
  napi_value number = toNumber(env, status == napi_ok ? job->result : -ECANCELED);
  if (number) napi_resolve_deferred(env, job->deferred, number);
  freeJob(env, job);
}

static napi_value start(napi_env env, const Job *call, const napi_value *arguments) {
  long memory = sys(__NR_mmap, 0, sizeof *call, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (isError(memory)) return napi_throw_error(env, "ENOMEM", "No memory for a call"), NULL;
  Job *job = (Job *)memory;
  *job = *call;
  napi_value buffers, name, promise;
  bool started = !napi_create_array_with_length(env, 3, &buffers) && !napi_set_element(env, buffers, 0, arguments[2]) &&
                 !napi_set_element(env, buffers, 1, arguments[3]) && !napi_set_element(env, buffers, 2, arguments[4]) &&
                 !napi_create_reference(env, buffers, 1, &job->buffers) &&
                 !napi_create_string_utf8(env, "muse", NAPI_AUTO_LENGTH, &name) &&
                 !napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) &&
                 !napi_create_promise(env, &job->deferred, &promise) && !napi_queue_async_work(env, job->work);
  if (started) return promise;
  freeJob(env, job);
  napi_throw_error(env, NULL, "Cannot queue a call");
  return NULL;
}

static napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  size_t count = 6;
  Form *form;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, (void **)&form)) return NULL;
  Job job = {.call = form->call};
  if (!readArguments(env, arguments, &job)) return NULL;
  if (!form->isSync) return start(env, &job, arguments);
#ifdef MUSE_STEPS
  napi_valuetype type;
  bool steps = !napi_typeof(env, arguments[5], &type) && type == napi_function;
  stepper.env = steps ? env : NULL;
  stepper.function = arguments[5];
#endif
  run(&job);
#ifdef MUSE_STEPS
  stepper.env = NULL;
#endif
  return toNumber(env, job.result);
}

/** (bytes, digest): any memory, since nothing else runs meanwhile. */
static napi_value sha256(napi_env env, napi_callback_info info) {
  napi_value arguments[2], buffer;
  size_t count = 2, size, room;
  u8 *at, *digest;
  bool good = !napi_get_cb_info(env, info, &count, arguments, NULL, NULL) && bytesOf(env, arguments[0], &at, &size, &buffer) &&
              bytesOf(env, arguments[1], &digest, &room, &buffer) && room == sizeof((HashRecord *)0)->digest;
  if (!good) return toNumber(env, -EINVAL);
  return toNumber(env, digestOf(at, size, digest) ? 0 : -EIO);
}

static void closeInotify(void *inotify) { closeFile((int)(intptr_t)inotify); }

/** The descriptor ends with the thread at the latest: one that is terminated closes nothing. */
static napi_value inotifyInit(napi_env env, napi_callback_info info) {
  (void)info;
  long inotify = newInotify();
  if (isError(inotify) || !napi_add_env_cleanup_hook(env, closeInotify, (void *)(intptr_t)inotify)) return toNumber(env, inotify);
  closeFile((int)inotify);
  return toNumber(env, -ENOMEM);
}

/** (inotify) */
static napi_value inotifyClose(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  int32_t inotify;
  void *hooked;
  bool good = !napi_get_cb_info(env, info, &count, &argument, NULL, NULL) && !napi_get_value_int32(env, argument, &inotify) &&
              (hooked = (void *)(intptr_t)inotify, !napi_remove_env_cleanup_hook(env, closeInotify, hooked));
  if (!good) return toNumber(env, -EINVAL);
  closeInotify(hooked);
  return toNumber(env, 0);
}

/** (inotify, bytes): any memory, since nothing else runs meanwhile. */
static napi_value inotifyRead(napi_env env, napi_callback_info info) {
  napi_value arguments[2], buffer;
  size_t count = 2, size;
  int32_t inotify;
  u8 *at;
  bool good = !napi_get_cb_info(env, info, &count, arguments, NULL, NULL) && !napi_get_value_int32(env, arguments[0], &inotify) &&
              bytesOf(env, arguments[1], &at, &size, &buffer);
  return toNumber(env, good ? readFrom(inotify, at, size) : -EINVAL);
}

/** (inotify, watch) */
static napi_value inotifyRemove(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  int32_t inotify, watch;
  bool good = !napi_get_cb_info(env, info, &count, arguments, NULL, NULL) && !napi_get_value_int32(env, arguments[0], &inotify) &&
              !napi_get_value_int32(env, arguments[1], &watch);
  return toNumber(env, good ? removeWatch(inotify, watch) : -EINVAL);
}

/** (descriptor) */
static napi_value hasHungUp(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  struct pollfd polled = {.events = 0};
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || napi_get_value_int32(env, argument, &polled.fd) || polled.fd < 0)
    return toNumber(env, -EINVAL);
  long result = pollNow(&polled);
  if (isError(result)) return toNumber(env, result);
  return toNumber(env, polled.revents & POLLNVAL ? -EBADF : (polled.revents & (POLLERR | POLLHUP)) != 0);
}

NAPI_MODULE_INIT() {
  static const Form forms[] = {{SCAN, false}, {SCAN, true}, {HASH, false}, {HASH, true}, {DIGEST, false}, {DIGEST, true}};
  static const struct {
    const char *name;
    napi_callback function;
    const Form *form;
  } table[] = {
      {"scan", call, &forms[0]},         {"scanSync", call, &forms[1]},    {"hash", call, &forms[2]},
      {"hashSync", call, &forms[3]},     {"digest", call, &forms[4]},      {"digestSync", call, &forms[5]},
      {"inotifyInit", inotifyInit, NULL}, {"inotifyRead", inotifyRead, NULL}, {"inotifyRemove", inotifyRemove, NULL},
      {"inotifyClose", inotifyClose, NULL}, {"sha256", sha256, NULL},       {"hasHungUp", hasHungUp, NULL},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    napi_value function;
    if (napi_create_function(env, table[i].name, NAPI_AUTO_LENGTH, table[i].function, (void *)table[i].form, &function) ||
        napi_set_named_property(env, exports, table[i].name, function))
      return NULL;
  }
  napi_value hashes;
  if (napi_get_boolean(env, canHash(), &hashes) || napi_set_named_property(env, exports, "canHash", hashes)) return NULL;
  return exports;
}
