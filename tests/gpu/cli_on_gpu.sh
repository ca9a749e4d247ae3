#!/usr/bin/env bash
# The program `webnn` on a GPU, with real models; the last lines are unittest's.
#   tests/gpu/cli_on_gpu.sh [BUILD] [unittest's options]
# Without BUILD: that of the bundle (tools/gpu_bundle.sh), or build/. Exit status 77: no GPU.
# WEBNN_TEST_BACKEND names another back end than tensorrt. Needs bash and Python, no packages.
set -euo pipefail

root="${WEBNN_BUNDLE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
build="$root/build"
if [ "$#" -gt 0 ] && [ -d "$1" ]; then
  build="$(cd "$1" && pwd)"
  shift
fi
exec python3 "$(dirname "${BASH_SOURCE[0]}")/cli_on_gpu.py" "$build" "$root/.deps/models" "$@"
