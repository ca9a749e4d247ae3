// Lets a shared library that is linked on a newer system run with glibc 2.28 (see
// WebnnPortable.cmake): what glibc has got a new version of, or has got at all, since then is
// defined here, hidden, so that the library's own objects and those of the static C++ library use
// it instead. `auditwheel` names what is missing when a compiler wants more.

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

#if defined(__x86_64__)
#define WEBNN_FIRST_GLIBC "GLIBC_2.2.5"
#define WEBNN_JUMP "jmp"
#define WEBNN_JUMP_SUFFIX "@PLT"
#elif defined(__aarch64__)
#define WEBNN_FIRST_GLIBC "GLIBC_2.17"
#define WEBNN_JUMP "b"
#define WEBNN_JUMP_SUFFIX ""
#else
#error "WEBNN_PORTABLE knows x86_64 and aarch64 only"
#endif

// A hidden function `name` that goes on in `target` of the first glibc for this processor.
#define WEBNN_REDIRECT(name, target)                                              \
  __asm__(".symver webnn_first_" #name "," #target "@" WEBNN_FIRST_GLIBC "\n"     \
          ".pushsection .text\n"                                                  \
          ".globl " #name "\n.hidden " #name "\n.type " #name ",%function\n" #name \
          ":\n" WEBNN_JUMP " webnn_first_" #name WEBNN_JUMP_SUFFIX "\n"           \
          ".size " #name ", .-" #name "\n.popsection\n")

// Since 2.29, 2.35 and 2.38 these no longer report errors the old way; results are the same.
WEBNN_REDIRECT(exp, exp);
WEBNN_REDIRECT(exp2, exp2);
WEBNN_REDIRECT(fmod, fmod);
WEBNN_REDIRECT(fmodf, fmodf);
WEBNN_REDIRECT(hypot, hypot);
WEBNN_REDIRECT(log, log);
WEBNN_REDIRECT(log2, log2);
WEBNN_REDIRECT(pow, pow);
// Since 2.34 part of libc.so.6.
WEBNN_REDIRECT(dladdr, dladdr);
WEBNN_REDIRECT(dlclose, dlclose);
WEBNN_REDIRECT(dlerror, dlerror);
WEBNN_REDIRECT(dlopen, dlopen);
WEBNN_REDIRECT(dlsym, dlsym);
WEBNN_REDIRECT(pthread_create, pthread_create);
WEBNN_REDIRECT(pthread_detach, pthread_detach);
WEBNN_REDIRECT(pthread_getspecific, pthread_getspecific);
WEBNN_REDIRECT(pthread_join, pthread_join);
WEBNN_REDIRECT(pthread_key_create, pthread_key_create);
WEBNN_REDIRECT(pthread_key_delete, pthread_key_delete);
WEBNN_REDIRECT(pthread_mutex_timedlock, pthread_mutex_timedlock);
WEBNN_REDIRECT(pthread_once, pthread_once);
WEBNN_REDIRECT(pthread_rwlock_rdlock, pthread_rwlock_rdlock);
WEBNN_REDIRECT(pthread_rwlock_timedrdlock, pthread_rwlock_timedrdlock);
WEBNN_REDIRECT(pthread_rwlock_timedwrlock, pthread_rwlock_timedwrlock);
WEBNN_REDIRECT(pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock);
WEBNN_REDIRECT(pthread_rwlock_trywrlock, pthread_rwlock_trywrlock);
WEBNN_REDIRECT(pthread_rwlock_unlock, pthread_rwlock_unlock);
WEBNN_REDIRECT(pthread_rwlock_wrlock, pthread_rwlock_wrlock);
WEBNN_REDIRECT(pthread_setspecific, pthread_setspecific);
// New names in 2.38, for binary numbers of C23, which is not asked for.
WEBNN_REDIRECT(__isoc23_sscanf, sscanf);
WEBNN_REDIRECT(__isoc23_strtol, strtol);
WEBNN_REDIRECT(__isoc23_strtoll, strtoll);
WEBNN_REDIRECT(__isoc23_strtoul, strtoul);
WEBNN_REDIRECT(__isoc23_strtoull, strtoull);

#define WEBNN_HIDDEN extern "C" __attribute__((visibility("hidden")))

namespace {

// `deadline` by `clock` as one by the wall clock, which is all that the older functions know.
timespec WallClock(clockid_t clock, const timespec& deadline) {
  if (clock == CLOCK_REALTIME) return deadline;
  timespec now = {};
  timespec wall = {};
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &wall);
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t nanoseconds = int64_t{wall.tv_nsec} + deadline.tv_nsec - now.tv_nsec;
  wall.tv_sec += deadline.tv_sec - now.tv_sec;
  if (nanoseconds < 0) {
    nanoseconds += kSecond;
    --wall.tv_sec;
  } else if (nanoseconds >= kSecond) {
    nanoseconds -= kSecond;
    ++wall.tv_sec;
  }
  wall.tv_nsec = static_cast<decltype(wall.tv_nsec)>(nanoseconds);
  return wall;
}

template <typename Function>
Function* FromGlibc(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

// In 2.30, so that a change of the wall clock does not change how long is waited. Taken from glibc
// where it has them; without, this waits as the C++ library did before.
WEBNN_HIDDEN int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* deadline) {
  static auto* const newer = FromGlibc<decltype(pthread_cond_clockwait)>("pthread_cond_clockwait");
  if (newer != nullptr) return newer(condition, mutex, clock, deadline);
  const timespec wall = WallClock(clock, *deadline);
  return pthread_cond_timedwait(condition, mutex, &wall);
}

WEBNN_HIDDEN int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* deadline) noexcept {
  static auto* const newer = FromGlibc<decltype(pthread_mutex_clocklock)>("pthread_mutex_clocklock");
  if (newer != nullptr) return newer(mutex, clock, deadline);
  const timespec wall = WallClock(clock, *deadline);
  return pthread_mutex_timedlock(mutex, &wall);
}

WEBNN_HIDDEN int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* deadline) noexcept {
  static auto* const newer = FromGlibc<decltype(pthread_rwlock_clockrdlock)>("pthread_rwlock_clockrdlock");
  if (newer != nullptr) return newer(lock, clock, deadline);
  const timespec wall = WallClock(clock, *deadline);
  return pthread_rwlock_timedrdlock(lock, &wall);
}

WEBNN_HIDDEN int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* deadline) noexcept {
  static auto* const newer = FromGlibc<decltype(pthread_rwlock_clockwrlock)>("pthread_rwlock_clockwrlock");
  if (newer != nullptr) return newer(lock, clock, deadline);
  const timespec wall = WallClock(clock, *deadline);
  return pthread_rwlock_timedwrlock(lock, &wall);
}

// In 2.32: whether shared pointers may count without atomic instructions.
WEBNN_HIDDEN char __libc_single_threaded;
char __libc_single_threaded = 0;

// In 2.33; before, each program had them from a static part of glibc. On these processors the
// kernel's structure is glibc's.
WEBNN_HIDDEN int stat(const char* path, struct stat* result) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, result, 0));
}

WEBNN_HIDDEN int lstat(const char* path, struct stat* result) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW));
}

WEBNN_HIDDEN int fstat(int file, struct stat* result) noexcept {
  return static_cast<int>(syscall(SYS_fstat, file, result));
}

WEBNN_HIDDEN int fstatat(int folder, const char* path, struct stat* result, int flags) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, folder, path, result, flags));
}

WEBNN_HIDDEN int stat64(const char* path, struct stat64* result) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, result, 0));
}

WEBNN_HIDDEN int lstat64(const char* path, struct stat64* result) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW));
}

WEBNN_HIDDEN int fstat64(int file, struct stat64* result) noexcept {
  return static_cast<int>(syscall(SYS_fstat, file, result));
}

// In 2.36: std::random_device.
WEBNN_HIDDEN uint32_t arc4random() noexcept {
  uint32_t value = 0;
  auto* bytes = reinterpret_cast<unsigned char*>(&value);
  for (size_t size = 0; size < sizeof(value);) {
    const ssize_t more = getrandom(bytes + size, sizeof(value) - size, 0);
    if (more > 0) size += static_cast<size_t>(more);
  }
  return value;
}
