#!/usr/bin/env bash
# Runs ONNX's own backend tests:  tools/run_onnx_suite.sh PROGRAM REPORT
# The package `onnx` of .deps/venv has them; they are written out once, into .deps/onnx-suite.
# Exit status 77 (skipped) when the package is not there.
set -euo pipefail

program="$1"
report="$2"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="$root/.deps/venv/bin/python"
suite="$root/.deps/onnx-suite"

if ! "$python" -c 'import onnx' 2>/dev/null; then
  echo "ONNX's backend tests not found: tools/setup.sh installs the package onnx"
  exit 77
fi
"$python" "$root/tools/prepare_onnx_suite.py" "$suite"
exec "$program" --suite "$suite" --jobs "${WEBNN_JOBS:-2}" --report "$report"
