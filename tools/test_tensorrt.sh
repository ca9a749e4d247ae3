#!/usr/bin/env bash
# Tests on a GPU: the test program, the command line, then the conformance cases cold and from the
# cache.
#   tools/test_tensorrt.sh BUILD
# WEBNN_WPT_CASES names the cases (default: ../shared/wpt); TENSORRT_ROOT TensorRT's folder.
set -euo pipefail

build="$1"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
status=0
"$build/tests/gpu_test" --gtest_output="xml:$build/gpu_test.xml" || status=1
if ! grep -q 'result="completed"' "$build/gpu_test.xml"; then
  echo "no test could run, see the reasons above"
  exit "$status"
fi
echo "the command line:"
"$root/tests/gpu/cli_on_gpu.sh" "$build" || status=1

cases="${WEBNN_WPT_CASES:-$root/../shared/wpt}"
if [ ! -d "$cases/conformance" ]; then
  echo "without the conformance cases: $cases/conformance is not there (WEBNN_WPT_CASES names them)"
  exit "$status"
fi
kept="$(mktemp -d)"
trap 'rm -rf "$kept"' EXIT
for run in cold cached; do
  echo "conformance cases, $run:"
  start=$SECONDS
  "$build/webnn-conformance" --cases "$cases/conformance" --backend tensorrt \
    --processes "${WEBNN_PROCESSES:-$(($(nproc) < 14 ? $(nproc) : 14))}" --optimization-level 0 \
    --cache-dir "$kept" --known "$root/docs/conformance.md" \
    --report "$build/conformance_tensorrt_$run.json" || status=1
  echo "$((SECONDS - start)) s"
done
exit "$status"
