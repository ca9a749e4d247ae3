#!/usr/bin/env bash
# Runs every fuzzer of a build for some seconds:  tools/run_fuzzers.sh BUILD_FOLDER SECONDS
# New inputs go to BUILD_FOLDER/corpus/NAME, crashes to BUILD_FOLDER/crashes; seeds come from
# tests/fuzz/corpus/NAME. Copy an input worth keeping there: `make test` replays it from then on.
set -euo pipefail

build="$1"
seconds="$2"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

ran=0
for program in "$build"/fuzz/*; do
  if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
  name="$(basename "$program")"
  folders=("$build/corpus/$name")
  mkdir -p "${folders[0]}" "$build/crashes"
  if [ -d "$root/tests/fuzz/corpus/$name" ]; then folders+=("$root/tests/fuzz/corpus/$name"); fi
  options=()
  if [ -f "$root/tests/fuzz/$name.dict" ]; then options+=("-dict=$root/tests/fuzz/$name.dict"); fi
  echo "== $name, $seconds s"
  UBSAN_OPTIONS=print_stacktrace=1 "$program" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$build/crashes/$name-" "${options[@]}" "${folders[@]}" </dev/null
  ran=$((ran + 1))
done
echo "$ran fuzzers ran, no crash"
