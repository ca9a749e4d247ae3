// A user's program: public headers only.

#include <webnn/result.h>

#include <iostream>

int main() {
  const webnn::Error error{.code = webnn::ErrorCode::kNotSupported, .message = "just a test"};
  std::cout << webnn::ToString(error) << "\n";
  return webnn::Name(error.code) == "NotSupportedError" ? 0 : 1;
}
