#!/usr/bin/env bash
# Installs the library into a scratch prefix and builds a user's program against it, by CMake's
# find_package() and by pkg-config. Settings come from the environment (see tests/CMakeLists.txt).
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
build="${WEBNN_BUILD_DIR:?}"
cmake="${CMAKE:-cmake}"
cxx="${CXX:-c++}"
scratch="$build/consumer"
prefix="$scratch/prefix"

rm -rf "$scratch"
mkdir -p "$scratch"
"$cmake" --install "$build" --prefix "$prefix" >"$scratch/install.log"

# Moved after the installation: nothing installed may hold the path that it was installed to.
mv "$prefix" "$scratch/moved"
prefix="$scratch/moved"
if grep -rqF "$build" --include='*.cmake' --include='*.pc' --include='*.h' "$prefix"; then
  echo "installed files name the build folder:" >&2
  grep -rlF "$build" --include='*.cmake' --include='*.pc' --include='*.h' "$prefix" >&2
  exit 1
fi

echo "== find_package"
"$cmake" -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Release >"$scratch/configure.log"
"$cmake" --build "$scratch/cmake"
"$scratch/cmake/consumer"

echo "== pkg-config"
pc="$(find "$prefix" -name webnn.pc)"
export PKG_CONFIG_PATH="${pc%/*}"
static=()
if [ "${WEBNN_SHARED_LIBS:-ON}" != ON ]; then static=(--static); fi
# The flags are words to be split.
# shellcheck disable=SC2046
"$cxx" -std=c++20 -Wall -Wextra -Werror "$here/main.cc" -o "$scratch/consumer" \
  $(pkg-config --cflags --libs "${static[@]}" webnn)
LD_LIBRARY_PATH="$(pkg-config --variable=libdir webnn)" "$scratch/consumer"
