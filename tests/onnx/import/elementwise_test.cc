#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

TEST(ImportElementwise, AddBroadcasts) {
  ExpectNodeSame("Add", {{"a", Random({2, 3})}, {"const_b", Random({3})}});
}

}  // namespace
}  // namespace webnn::onnx_test
