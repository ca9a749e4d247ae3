#pragma once

#include <string>

#include "conformance/onnx_suite/outcome.h"
#include "conformance/onnx_suite/suite.h"
#include "onnx/import/host_tensor.h"
#include "webnn/context.h"

namespace webnn::conformance::onnx_suite {

/// Imports the model as `ImportGiven` does, runs it and compares all outputs.
Outcome RunCase(const Context& context, const SuiteCase& suite_case);

/// What differs between an output and what it must be, by the rule of the suite, which is
/// numpy.testing.assert_allclose: |got - expected| <= atol + rtol * |expected|, NaN equal to NaN.
/// Empty when they agree. Float64 and bfloat16 may have come as float32.
std::string Difference(const onnx_format::HostTensor& got, const onnx_format::HostTensor& expected,
                       double rtol, double atol);

}  // namespace webnn::conformance::onnx_suite
