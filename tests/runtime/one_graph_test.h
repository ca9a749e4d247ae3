#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"

namespace webnn {

/// A context, queued or not, with a graph of input "x" and output "y", and a tensor for each.
class OneGraphTest : public testing::TestWithParam<bool> {
 protected:
  explicit OneGraphTest(std::shared_ptr<Script> script = std::make_shared<Script>())
      : script_(std::move(script)) {}

  std::shared_ptr<Script> script_;
  Context context_ = MakeScripted(script_, {.queued = GetParam()});
  Graph graph_ = BuildOne(context_).value();
  Tensor x_ = MakeTensor(context_);
  Tensor y_ = MakeTensor(context_);
  std::vector<std::byte> room_ = Filled(0);
};

#define WEBNN_INSTANTIATE(Test) \
  INSTANTIATE_TEST_SUITE_P(, Test, testing::Bool(), \
                           [](const auto& info) { return info.param ? "Queued" : "Direct"; })

}  // namespace webnn
