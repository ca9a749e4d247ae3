#pragma once

#include "webnn/result.h"

#define WEBNN_CONCAT_INNER(a, b) a##b
#define WEBNN_CONCAT(a, b) WEBNN_CONCAT_INNER(a, b)

/// Evaluates a `Result<void>`; returns its error from the enclosing function.
#define WEBNN_RETURN_IF_ERROR(expression) \
  if (auto webnn_status = (expression); !webnn_status.ok()) return std::move(webnn_status.error())

/// `WEBNN_ASSIGN_OR_RETURN(auto value, Compute());`
#define WEBNN_ASSIGN_OR_RETURN(declaration, expression) \
  WEBNN_ASSIGN_IMPL(WEBNN_CONCAT(webnn_result_, __LINE__), declaration, expression)
#define WEBNN_ASSIGN_IMPL(result, declaration, expression) \
  auto result = (expression); \
  if (!result.ok()) return std::move(result.error()); \
  declaration = *std::move(result)
