#!/usr/bin/env bash
# Runs the Web Platform Tests' cases:  tools/run_conformance.sh PROGRAM REPORT [MODELS]
# With MODELS, a folder to write them to, the graphs' ONNX is checked as well. With WEBNN_THROUGH, a
# format, each graph is saved and loaded again before it runs. WEBNN_BACKEND names the back end; where
# it cannot be used the test is skipped.
# The cases are looked for when the test runs: in $WEBNN_WPT_CASES, then in ../shared/wpt.
# Exit status 77 (skipped) when they are not there.
set -euo pipefail

program="$1"
report="$2"
models="${3:-}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

looked_at=()
for cases in "${WEBNN_WPT_CASES:-}" "$root/../shared/wpt"; do
  [ -n "$cases" ] || continue
  if [ -d "$cases" ]; then
    cases="$(cd "$cases" && pwd)"
    run=("$program" --jobs "${WEBNN_JOBS:-2}" --report "$report")
    if [ -n "${WEBNN_BACKEND:-}" ]; then
      run+=(--backend "$WEBNN_BACKEND")
      if ! reason="$("${run[@]}" --cases "$cases" --filter conformance/identity.json 2>&1)"; then
        printf 'the back end %s cannot be used here: %s\n' "$WEBNN_BACKEND" "$reason"
        exit 77
      fi
    fi
    if [ -n "${WEBNN_THROUGH:-}$models" ]; then run+=(--filter conformance/); fi
    if [ -n "${WEBNN_THROUGH:-}" ]; then run+=(--through "$WEBNN_THROUGH"); fi
    [ -n "$models" ] || exec "${run[@]}" --cases "$cases"
    rm -rf "$models"
    "${run[@]}" --cases "$cases" --dump-onnx "$models"
    exec "$root/.deps/venv/bin/python" "$root/tests/onnx/check_models.py" "$models"
  fi
  looked_at+=("$cases")
  # A folder that was asked for by name and is not there is an error, not a reason to skip.
  if [ "$cases" = "${WEBNN_WPT_CASES:-}" ]; then
    echo "WEBNN_WPT_CASES=$cases is not a folder" >&2
    exit 1
  fi
done

printf 'conformance cases not found (looked at %s): set WEBNN_WPT_CASES to run them\n' \
  "$(realpath -m "${looked_at[@]}" | paste -sd, -)"
exit 77
