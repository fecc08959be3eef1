// The threads of C11 over those of POSIX, for a sanitizer build of tests whose library uses them (librdkafka does). The
// sanitizers intercept POSIX threads alone: by these functions they see the library's threads and locks too, instead of ending at
// a thread that they do not know. glibc's types are the same under both names.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t) &&
              sizeof(thrd_t) == sizeof(pthread_t));

namespace {

pthread_mutex_t* posix(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }

int result(int problem) {
  if (problem == 0) return thrd_success;
  if (problem == ETIMEDOUT) return thrd_timedout;
  if (problem == EBUSY) return thrd_busy;
  return problem == ENOMEM ? thrd_nomem : thrd_error;
}

struct Start {
  thrd_start_t function;
  void* argument;
};

void* run(void* start) {
  const std::unique_ptr<Start> owned(static_cast<Start*>(start));
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(owned->function(owned->argument)));
}

}  // namespace

extern "C" {

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_settype(&attributes, (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
  const int problem = ::pthread_mutex_init(posix(mutex), &attributes);
  ::pthread_mutexattr_destroy(&attributes);
  return result(problem);
}
int mtx_lock(mtx_t* mutex) { return result(::pthread_mutex_lock(posix(mutex))); }
int mtx_trylock(mtx_t* mutex) { return result(::pthread_mutex_trylock(posix(mutex))); }
int mtx_unlock(mtx_t* mutex) { return result(::pthread_mutex_unlock(posix(mutex))); }
void mtx_destroy(mtx_t* mutex) { ::pthread_mutex_destroy(posix(mutex)); }

int cnd_init(cnd_t* condition) { return result(::pthread_cond_init(posix(condition), nullptr)); }
int cnd_signal(cnd_t* condition) { return result(::pthread_cond_signal(posix(condition))); }
int cnd_broadcast(cnd_t* condition) { return result(::pthread_cond_broadcast(posix(condition))); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) { return result(::pthread_cond_wait(posix(condition), posix(mutex))); }
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return result(::pthread_cond_timedwait(posix(condition), posix(mutex), until));
}
void cnd_destroy(cnd_t* condition) { ::pthread_cond_destroy(posix(condition)); }

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto start = std::make_unique<Start>(Start{function, argument});
  const int problem = ::pthread_create(thread, nullptr, run, start.get());
  if (problem == 0) static_cast<void>(start.release());
  return result(problem);
}
int thrd_join(thrd_t thread, int* answer) {
  void* returned = nullptr;
  const int problem = ::pthread_join(thread, &returned);
  if (answer != nullptr) *answer = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return result(problem);
}

}  // extern "C"
