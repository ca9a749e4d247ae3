#include "onnx/import/given_inputs.h"

#include <utility>

#include "core/try.h"
#include "onnx/import/tensor_file.h"

namespace webnn::onnx_format {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// The model with some inputs as constants, and the shapes of the others.
struct Form {
  std::string model;  ///< Of its own when there are constants.
  ImportSource source;
  LoadOptions options;
};

Result<Form> MakeForm(const ImportSource& source, std::span<const GivenInput> inputs, Fixed fixed) {
  Form form{.source = source};
  std::vector<FixedInput> constants;
  for (const GivenInput& input : inputs) {
    if (input.IsFixed(fixed)) {
      constants.emplace_back(input.name, input.file);
    } else if (input.tensor.element_count() > 0) {  // The model itself says that it is empty.
      std::vector<uint32_t> sizes;
      for (const int64_t size : input.tensor.sizes) sizes.push_back(static_cast<uint32_t>(size));
      form.options.shapes.emplace_back(input.name, Shape(std::move(sizes)));
    }
  }
  if (!constants.empty()) {
    WEBNN_ASSIGN_OR_RETURN(form.model, FixInputs(source.bytes, constants));
    form.source.owner = nullptr;
  }
  return form;
}

Result<GivenImport> ImportForm(const Form& form,
                               const std::function<Result<GraphBuilder>()>& make_builder) {
  ImportSource source = form.source;
  if (!form.model.empty()) source.bytes = BytesOf(form.model);
  GivenImport imported{.narrowed = form.options.narrow};
  WEBNN_ASSIGN_OR_RETURN(GraphBuilder builder, make_builder());
  const auto loaded = Import(builder, source, form.options);
  auto definition = loaded ? builder.Finish(loaded->outputs) : loaded.error();
  if (definition) {
    imported.definition = *std::move(definition);
    return imported;
  }
  if (definition.error().code != ErrorCode::kNotSupported) return definition.error();
  WEBNN_ASSIGN_OR_RETURN(ModelSummary summary, Inspect(source, form.options));
  imported.unsupported = std::move(summary.unsupported);
  if (imported.unsupported.empty()) {  // No node is to blame.
    imported.unsupported.push_back({.op = "model", .reason = definition.error().message});
  }
  return imported;
}

}  // namespace

bool GivenInput::IsFixed(Fixed fixed) const {
  if (fixed == Fixed::kNone || tensor.sizes.size() > 1) return false;
  return fixed == Fixed::kSmall || !lowering::IsFloat(tensor.element);
}

Result<GivenInput> ParseGivenInput(std::string name, std::string file) {
  WEBNN_ASSIGN_OR_RETURN(HostTensor tensor, ParseTensor(BytesOf(file)));
  return GivenInput{std::move(name), std::move(file), std::move(tensor)};
}

Result<GivenImport> ImportGiven(const ImportSource& source, std::span<const GivenInput> inputs,
                                const std::function<Result<GraphBuilder>()>& make_builder) {
  GivenImport imported;
  for (const bool narrow : {false, true}) {
    for (const Fixed fixed : {Fixed::kNone, Fixed::kSmallIntegers, Fixed::kSmall}) {
      WEBNN_ASSIGN_OR_RETURN(Form form, MakeForm(source, inputs, fixed));
      form.options.narrow = narrow;
      WEBNN_ASSIGN_OR_RETURN(imported, ImportForm(form, make_builder));
      imported.fixed = fixed;
      if (imported.definition) return imported;
    }
  }
  return imported;
}

}  // namespace webnn::onnx_format
