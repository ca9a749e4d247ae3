#include "onnx/import/node_order.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::NodeProto;
using Nodes = google::protobuf::RepeatedPtrField<NodeProto>;
using Predicate = std::function<bool(std::string_view)>;

// The names that a subgraph reads from outside. Protobuf has limited the nesting.
void AddCaptured(const ::onnx::GraphProto& graph, std::vector<std::string_view>& names) {
  std::unordered_set<std::string_view> own;
  for (const auto& input : graph.input()) own.insert(input.name());
  for (const auto& weight : graph.initializer()) own.insert(weight.name());
  for (const NodeProto& node : graph.node()) own.insert(node.output().begin(), node.output().end());
  std::vector<std::string_view> read;
  for (const auto& output : graph.output()) read.push_back(output.name());
  for (const NodeProto& node : graph.node()) {
    read.insert(read.end(), node.input().begin(), node.input().end());
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) AddCaptured(attribute.g(), read);
    }
  }
  for (std::string_view name : read) {
    if (!own.contains(name)) names.push_back(name);
  }
}

class Sorter {
 public:
  Sorter(const Nodes& nodes, const Predicate& is_local, const Predicate& is_known)
      : nodes_(nodes), is_local_(is_local), is_known_(is_known) {}

  Result<NodeOrder> Run(std::span<const std::string_view> outputs) && {
    WEBNN_RETURN_IF_ERROR(FindProducers());
    WEBNN_RETURN_IF_ERROR(FindReads());
    std::vector<int> order = FileOrder();
    if (!in_order_) WEBNN_RETURN_IF_ERROR(Sort(order));
    return Keep(outputs, order);
  }

 private:
  struct Reads {
    std::vector<int> producers;
    std::vector<std::string_view> captured;  // by subgraphs
  };

  Result<void> FindProducers() {
    size_t count = 0;
    for (const NodeProto& node : nodes_) count += static_cast<size_t>(node.output_size());
    producers_.reserve(count);
    for (int i = 0; i < nodes_.size(); ++i) {
      for (const std::string& output : nodes_[i].output()) {
        if (output.empty()) continue;
        if (!producers_.emplace(output, i).second || is_local_(output)) {
          return TypeError("{}: there is another value \"{}\"", DescribeNode(nodes_[i], i), output);
        }
      }
    }
    return {};
  }

  Result<void> FindReads() {
    reads_.resize(static_cast<size_t>(nodes_.size()));
    for (int i = 0; i < nodes_.size(); ++i) {
      Reads& reads = reads_[static_cast<size_t>(i)];
      const auto add = [&](std::string_view name) {
        const auto found = producers_.find(name);
        if (found == producers_.end()) return false;
        reads.producers.push_back(found->second);
        in_order_ = in_order_ && found->second < i;
        return true;
      };
      for (const std::string& input : nodes_[i].input()) {
        if (!input.empty() && !add(input) && !is_known_(input)) {
          return TypeError("{} reads \"{}\", which nothing computes", DescribeNode(nodes_[i], i),
                           input);
        }
      }
      for (const auto& attribute : nodes_[i].attribute()) {
        if (attribute.has_g()) AddCaptured(attribute.g(), reads.captured);
      }
      for (std::string_view name : reads.captured) add(name);
    }
    return {};
  }

  std::vector<int> FileOrder() const {
    std::vector<int> order(static_cast<size_t>(nodes_.size()));
    for (int i = 0; i < nodes_.size(); ++i) order[static_cast<size_t>(i)] = i;
    return order;
  }

  // Depth first, without recursion.
  Result<void> Sort(std::vector<int>& order) const {
    enum class State : uint8_t { kNew, kOpen, kDone };
    std::vector<State> states(reads_.size(), State::kNew);
    std::vector<std::pair<int, size_t>> stack;  // a node and how many of its producers are done
    order.clear();
    for (int root = 0; root < nodes_.size(); ++root) {
      if (states[static_cast<size_t>(root)] != State::kNew) continue;
      states[static_cast<size_t>(root)] = State::kOpen;
      stack.emplace_back(root, 0);
      while (!stack.empty()) {
        auto& [node, next] = stack.back();
        const std::vector<int>& producers = reads_[static_cast<size_t>(node)].producers;
        if (next == producers.size()) {
          states[static_cast<size_t>(node)] = State::kDone;
          order.push_back(node);
          stack.pop_back();
          continue;
        }
        const int producer = producers[next++];
        State& state = states[static_cast<size_t>(producer)];
        if (state == State::kOpen) {
          return TypeError("{} is in a cycle: it reads what it computes",
                           DescribeNode(nodes_[producer], producer));
        }
        if (state == State::kDone) continue;
        state = State::kOpen;
        stack.emplace_back(producer, 0);
      }
    }
    return {};
  }

  Result<NodeOrder> Keep(std::span<const std::string_view> outputs,
                         const std::vector<int>& order) const {
    NodeOrder result;
    std::vector<bool> needed(reads_.size(), false);
    for (std::string_view output : outputs) {
      result.read.insert(output);
      if (const auto found = producers_.find(output); found != producers_.end()) {
        needed[static_cast<size_t>(found->second)] = true;
      } else if (!is_known_(output)) {
        return TypeError("nothing computes the output \"{}\"", output);
      }
    }
    for (auto node = order.rbegin(); node != order.rend(); ++node) {
      const auto index = static_cast<size_t>(*node);
      if (!needed[index]) continue;
      result.nodes.push_back(*node);
      for (int producer : reads_[index].producers) needed[static_cast<size_t>(producer)] = true;
      for (const std::string& input : nodes_[*node].input()) result.read.insert(input);
      result.read.insert(reads_[index].captured.begin(), reads_[index].captured.end());
    }
    std::reverse(result.nodes.begin(), result.nodes.end());
    return result;
  }

  const Nodes& nodes_;
  const Predicate& is_local_;
  const Predicate& is_known_;
  std::unordered_map<std::string_view, int> producers_;
  std::vector<Reads> reads_;
  bool in_order_ = true;
};

}  // namespace

std::string DescribeNode(const NodeProto& node, int index) {
  return node.name().empty() ? fmt::format("node #{} ({})", index, node.op_type())
                             : fmt::format("node \"{}\" ({})", node.name(), node.op_type());
}

Result<NodeOrder> OrderNodes(const Nodes& nodes, std::span<const std::string_view> outputs,
                             const Predicate& is_local, const Predicate& is_known) {
  return Sorter(nodes, is_local, is_known).Run(outputs);
}

}  // namespace webnn::onnx_format
