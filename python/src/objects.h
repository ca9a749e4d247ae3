#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "common.h"
#include "webnn/context.h"
#include "webnn/graph_builder.h"

namespace webnn::python {

/// `webnn.MLContext`'s part in C++.
class PyContext {
 public:
  explicit PyContext(const nb::kwargs& options);
  ~PyContext();
  Context& context() const { return context_->get(); }
  /// Python's warnings for what `Context::Fallbacks` tells of, each once; may raise them.
  void WarnOfFallbacks() const;

 private:
  mutable size_t fallbacks_told_ = 0;
  std::optional<Kept<Context>> context_;
};

/// `webnn.MLTensor`
struct PyTensor {
  PyTensor(nb::object context, Tensor tensor) : context(std::move(context)), tensor(tensor) {}
  PyTensor(const PyTensor& other) : PyTensor(other.context, other.tensor.get()) {}
  PyTensor& operator=(const PyTensor&) = delete;
  ~PyTensor() = default;
  PyContext& owner() const { return nb::cast<PyContext&>(context); }
  /// Raises unless the tensor is alive.
  Tensor& alive(std::string_view call) const;

  nb::object context;
  Kept<Tensor> tensor;
  bool destroyed = false;
  bool exportable_to_gpu = false;
};

/// A named input or output with what Python needs of it ready.
struct PyName {
  PyObject* name = nullptr;   // interned
  PyObject* shape = nullptr;  // a tuple
};

/// `webnn.MLGraph`: a definition, and what contexts have compiled from it.
class PyGraph {
 public:
  explicit PyGraph(GraphDefinition definition);
  /// A graph whose definition is in a compiled file.
  PyGraph(const Context& context, Graph graph);
  ~PyGraph();
  PyGraph(const PyGraph&) = delete;
  PyGraph& operator=(const PyGraph&) = delete;

  /// The definition; raises for a graph from a compiled file.
  const GraphDefinition& definition() const;
  bool has_definition() const { return definition_.has_value(); }
  const std::vector<NamedDescriptor>& inputs() const { return inputs_; }
  const std::vector<NamedDescriptor>& outputs() const { return outputs_; }
  const std::vector<PyName>& input_names() const { return input_names_; }
  const std::vector<PyName>& output_names() const { return output_names_; }

  /// Compiled for the context, now if it has not been. `options` are keywords of `build`.
  const Graph& For(const PyContext& context, nb::handle options);
  void Destroy();
  bool destroyed() const { return destroyed_; }

  /// Inputs that were declared but that no output needs: given, they are ignored.
  nb::object unused_inputs;
  std::map<std::string, std::string> metadata;

 private:
  struct Compiled {
    const void* context;
    std::string options;
    std::unique_ptr<Kept<Graph>> graph;
  };
  // A compilation that other threads may wait for.
  struct Building {
    const void* context;
    std::string options;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const Graph* Find(const void* context, const std::string& options) const;
  // Whether another thread was building this; it has ended.
  bool WaitForOther(const void* context, const std::string& options);
  void MakeNames();
  std::optional<GraphDefinition> definition_;
  std::vector<NamedDescriptor> inputs_;
  std::vector<NamedDescriptor> outputs_;
  std::vector<PyName> input_names_;
  std::vector<PyName> output_names_;
  std::vector<Compiled> compiled_;
  std::vector<std::shared_ptr<Building>> building_;
  bool destroyed_ = false;
};

/// `webnn.MLGraphBuilder`'s part in C++.
class PyBuilder {
 public:
  explicit PyBuilder(nb::object context);
  nb::object context;  ///< None, or the context.
  GraphBuilder builder;
};

/// `webnn.MLOperand`
struct PyOperand {
  Operand operand;
  OperandDescriptor descriptor;
  std::string name;
  nb::object builder;
};

PyBuilder& BuilderOf(nb::handle builder);
nb::object MakeOperand(nb::handle builder, Operand operand, std::string name = {});

/// Compile options from keywords: those of the context where a keyword is absent. The progress
/// callback calls Python.
CompileOptions ReadCompileOptions(const CompileOptions& defaults, nb::handle keywords);
/// Runs what may take long without the GIL. `progress` is None or a function; Ctrl-C and exceptions
/// of it cancel, and are raised. Where an engine does not stop soon after Ctrl-C, `compile` goes on
/// in its thread after this has thrown: it must own what it uses.
void CompileInterruptibly(CompileOptions options, nb::handle progress,
                          std::function<Result<void>(const CompileOptions&)> compile);
/// Waits for such threads, before Python ends.
void JoinGivenUpBuilds();
/// The progress function of all graphs of the context, or None.
nb::object ProgressOf(const PyContext& context);
/// Takes "progress" out of keywords: a copy of the others.
nb::object TakeProgress(nb::handle keywords, nb::object& progress);

void BindOperators(nb::class_<PyBuilder>& builder);
void BindBuilder(nb::module_& module);
void BindContext(nb::module_& module);
void BindFiles(nb::module_& module);
void BindContextFiles(nb::class_<PyContext>& context);
void BindGraphFiles(nb::class_<PyGraph>& graph);
void BindTensorFiles(nb::class_<PyTensor>& tensor);

}  // namespace webnn::python
