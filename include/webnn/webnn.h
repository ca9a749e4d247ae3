#pragma once

/// W3C WebNN as a native library: describe a neural network once, run it at the speed of the
/// vendor's own engine. https://www.w3.org/TR/webnn/

#include "webnn/context.h"
#include "webnn/devices.h"
#include "webnn/dlpack.h"
#include "webnn/graph.h"
#include "webnn/graph_builder.h"
#include "webnn/model_io.h"
#include "webnn/ops.h"
#include "webnn/result.h"
#include "webnn/tensor.h"
#include "webnn/types.h"
#include "webnn/value.h"
#include "webnn/version.h"
