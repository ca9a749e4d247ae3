#pragma once

#include <string>

#include "webnn/result.h"

/// The folder that a cache lives in. What is in it is run as code, so nobody else may write there.
namespace webnn::cache {

/// The environment variable WEBNN_CACHE_DIR, else XDG_CACHE_HOME/webnn, else ~/.cache/webnn.
/// OperationError where there is none of these.
Result<std::string> DefaultFolder();

/// Whether the folder is there. OperationError with the cause and the way out when it is a symbolic
/// link or no folder, belongs to another user, or can be written to by group or others.
Result<bool> CheckFolder(const std::string& path);
/// The same, and makes the folder and those above it (mode 0700) where they are missing.
Result<void> PrepareFolder(const std::string& path);

/// A regular file of this user that nobody else may write to.
bool IsOwnFile(const std::string& path);

}  // namespace webnn::cache
