#pragma once

#include <cstdio>
#include <cstdlib>

/// For our own bugs only: what a caller can cause is an `Error`.
#define WEBNN_CHECK(condition) \
  do { \
    if (!(condition)) { \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort(); \
    } \
  } while (false)
