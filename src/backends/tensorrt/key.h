#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/tensorrt/module.h"
#include "cache/key.h"
#include "graph/graph_data.h"
#include "webnn/context.h"
#include "webnn/result.h"

/// What a plan depends on, and whether one fits.
namespace webnn::trt {

/// Of a GPU: 90 for 9.0.
using Capability = int;
/// "9.0"
std::string CapabilityText(Capability capability);

/// What library and machine add to a key.
struct KeyFacts {
  std::string backend;     ///< "tensorrt"
  std::string version;     ///< "10.6.0.26"
  std::string device;      ///< "NVIDIA H200"; "none"
  std::string capability;  ///< "9.0"; "none"
  std::string driver;      ///< Its major version: "580"; "none"
};

/// `CompileOptions`, with everything decided.
struct Settings {
  Precision precision = Precision::kFloat32;  ///< Not kAuto.
  int optimization_level = 3;
  uint64_t workspace_bytes = 0;
  std::vector<Capability> targets = {};  ///< Sorted, each once; empty: all that the library knows.
  bool hardware_compatible = false;
  bool version_compatible = false;
};

/// Decides what the options leave open for a device, or where there is none. TypeError for options
/// that mean nothing; NotSupported for what the device or the library's flavor does not have.
Result<Settings> Decide(Flavor flavor, const CompileOptions& options,
                        std::optional<Capability> device);

cache::Key MakeKey(const GraphData& graph, const Settings& settings, const KeyFacts& facts);
/// Of the timings that all builds with this library on this device share.
cache::Key TimingKey(const KeyFacts& facts);

/// NotSupported unless a plan that was kept under `key` runs with this library and device; names
/// what differs. Says whether the plan is version-compatible.
Result<bool> CheckFits(const cache::Key& key, const KeyFacts& facts);

}  // namespace webnn::trt
