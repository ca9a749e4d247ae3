// A user's program: public headers only, no back end needed.

#include <webnn/webnn.h>

#include <iostream>

int main() {
  webnn::GraphBuilder builder;
  const webnn::Operand x = builder.Input("x", webnn::DataType::kFloat32, {2, 3}).value();
  const webnn::Operand two = builder.Constant(webnn::DataType::kFloat32, 2.0).value();
  const webnn::Operand y = builder.Softmax({.input = x, .axis = 1}).value();
  const webnn::Operand z = builder.Mul({.a = y, .b = two}).value();
  std::cout << "webnn " << webnn::Version() << ": " << webnn::ToString(builder.Describe(z).value())
            << "\n";

  // Exceptions and errors have to cross the library's border as well.
  const auto refused = builder.Softmax({.input = x, .axis = 2, .label = "refused"});
  if (refused) return 1;
  std::cout << webnn::ToString(refused.error()) << "\n";
  try {
    refused.value();
    return 1;
  } catch (const webnn::BadResult& result) {
    if (result.error().code != webnn::ErrorCode::kTypeError) return 1;
  }
  return builder.Finish({{"z", z}}) ? 0 : 1;
}
