// A library as OpenVINO 2024.6 looks to who opens it: built on its own, for the loader's test.
#include "openvino/c/ov_core.h"

OPENVINO_C_API(ov_status_e) ov_get_openvino_version(ov_version_t* version) {
  version->buildNumber = "2024.6.0-17404-4c0f47d2335-releases/2024/6";
  version->description = "";
  return OK;
}

OPENVINO_C_API(void) ov_version_free(ov_version_t* /*version*/) {}
