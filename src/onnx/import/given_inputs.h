#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/import/host_tensor.h"
#include "onnx/import/import.h"
#include "webnn/graph.h"
#include "webnn/model_io.h"
#include "webnn/result.h"

/// Models whose inputs are at hand when they are imported, as in ONNX's backend protocol and its
/// tests: what WebNN must know when the graph is built is taken from them.
namespace webnn::onnx_format {

/// Which inputs became constants of the model: the cases of Reshape, say, have the new shape as an
/// input.
enum class Fixed : uint8_t {
  kNone,
  kSmallIntegers,  ///< Integers and bools of rank 0 and 1.
  kSmall,          ///< All of rank 0 and 1.
};
constexpr std::string_view Name(Fixed fixed) {
  constexpr std::string_view kNames[] = {"none", "small integers", "small inputs"};
  return kNames[static_cast<size_t>(fixed)];
}

struct GivenInput {
  std::string name;
  std::string file;  ///< A TensorProto.
  HostTensor tensor;

  /// Whether it is a constant in this form.
  bool IsFixed(Fixed fixed) const;
};
/// TypeError when the bytes are no TensorProto.
Result<GivenInput> ParseGivenInput(std::string name, std::string file);

struct GivenImport {
  std::optional<GraphDefinition> definition;  ///< None: the model cannot be expressed.
  Fixed fixed = Fixed::kNone;
  bool narrowed = false;                     ///< `LoadOptions::narrow`
  std::vector<UnsupportedNode> unsupported;  ///< Why there is no definition.
};

/// Imports the model with the shapes of the inputs. One that is refused is tried again with inputs
/// as constants, then with float64 and bfloat16 narrowed to float32; what counts is the first form
/// that is imported. Inputs that are no tensors are not given. An error: the model is damaged or
/// contradicts itself.
Result<GivenImport> ImportGiven(const ImportSource& source, std::span<const GivenInput> inputs,
                                const std::function<Result<GraphBuilder>()>& make_builder);

}  // namespace webnn::onnx_format
