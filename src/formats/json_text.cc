#include "formats/json_text.h"

#include "core/errors.h"
#include "graph/infer_context.h"
#include "nlohmann/json.hpp"

namespace webnn::formats {

Result<std::string> JsonString(std::string_view text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    return TypeError("\"{}\" is not UTF-8, which JSON cannot hold", EscapeControls(text));
  }
}

}  // namespace webnn::formats
