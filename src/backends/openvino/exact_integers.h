#pragma once

#include "lowering/model.h"

namespace webnn::ov {

/// The model for a device whose integers have 32 bits and a sign, and that compares them as float32
/// numbers, with 24 bits: OpenVINO's CPU plug-in turns integers of 64 bits into such without a
/// word. Here
/// - integers of 64 bits that need more than 32 go as two halves through everything that moves,
///   compares, computes or converts them; inputs and outputs are the same bytes, seen as int32
///   with another axis of two (the low half first);
/// - uint32 is int32 with the same bits;
/// - comparisons, choices and quotients of 32-bit integers are made of operators that are exact.
/// Softplus is here, too: the plug-in's is not exact enough.
/// Other operators get the low halves.
lowering::Model ExactIntegers(lowering::Model model);

}  // namespace webnn::ov
