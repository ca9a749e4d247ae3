#pragma once

#include "lowering/target.h"

namespace webnn {

/// What OpenVINO's CPU plug-in computes right.
const lowering::Target& OpenVinoTarget();

}  // namespace webnn
