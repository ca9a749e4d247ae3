#include <array>
#include <cstdio>
#include <string_view>

#include "gpu_test.h"

namespace {

using webnn::gpu_test::ChildArguments;

struct Child {
  std::string_view name;
  int (*run)(ChildArguments arguments);
};

constexpr std::array kChildren = {
    Child{"copy-variants", webnn::gpu_test::ChildCopyVariants},
    Child{"doctors-file", webnn::gpu_test::ChildDoctorsFile},
    Child{"loads-from-cache", webnn::gpu_test::ChildLoadsFromCache},
    Child{"loads-compiled", webnn::gpu_test::ChildLoadsCompiled},
    Child{"loses-device", webnn::gpu_test::ChildLosesDevice},
    Child{"shows-device", webnn::gpu_test::ChildShowsDevice},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 3 && argv[1] == std::string_view("--child")) {
    for (const Child& child : kChildren) {
      if (child.name == argv[2]) {
        return child.run({argv + 3, static_cast<size_t>(argc) - 3});
      }
    }
    std::fprintf(stderr, "there is no child %s\n", argv[2]);
    return 2;
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
