#pragma once

/// Marks what the shared library exports; everything else is hidden.
#if defined(_WIN32) && defined(WEBNN_SHARED)
#ifdef WEBNN_BUILDING
#define WEBNN_EXPORT __declspec(dllexport)
#else
#define WEBNN_EXPORT __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define WEBNN_EXPORT __attribute__((visibility("default")))
#else
#define WEBNN_EXPORT
#endif
