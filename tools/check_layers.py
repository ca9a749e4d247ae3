#!/usr/bin/env python3
"""Checks the direction of the includes under src/ and where vendor headers are used.

    check_layers.py [SOURCE_ROOT]

Exit status 1 and one line for each offence: an include of a higher layer, an include that is not
written relative to src/ or include/, or a third party's header outside the folder it belongs to.
"""

import pathlib
import re
import sys

# Lowest first: a layer may include itself and those before it.
LAYERS = ["core", "cache", "graph", "lowering", "ops", "passes", "onnx", "formats", "backends", "runtime"]

# Programs stand above all layers.
PROGRAMS = ["conformance", "cli"]

# Header (from its beginning) -> folders below src/ that may include it.
VENDOR_HEADERS = {
    r"google/protobuf/|onnx/onnx.*\.pb\.h|onnx.*\.pb\.h": ["onnx"],
    r"onnxruntime.*\.h|core/providers/": ["backends/onnxruntime"],
    r"openvino/": ["backends/openvino"],
    r"NvInfer.*|NvOnnx.*|cuda_runtime.*\.h": ["backends/tensorrt/vendor"],
    r"cuda.*\.h": ["backends/cuda"],
    r"xxhash\.h": ["core"],
    r"dlpack/": ["runtime"],
    r"nlohmann/": ["conformance", "formats", "cli"],
    r"CLI/": ["conformance", "cli"],
    r"stb/|stb_": ["cli"],
    r"gtest/|gmock/|benchmark/": [],
}

# Third parties that every folder of src/ may include, but no public header.
EVERYWHERE = ("fmt/",)

# What public headers may include besides the standard library.
PUBLIC_PREFIX = "webnn/"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def vendor_rule(header: str) -> tuple[str, list[str]] | None:
    for pattern, folders in VENDOR_HEADERS.items():
        if re.match(pattern, header):
            return pattern, folders
    return None


def includes_of(path: pathlib.Path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := INCLUDE.match(line):
            yield number, match.group(1), match.group(2)


def check_source(root: pathlib.Path, path: pathlib.Path):
    """Yields (line, message) for each offence of one file under src/."""
    folder = path.relative_to(root / "src").parent.as_posix()
    layer = folder.split("/")[0]
    if layer not in LAYERS + PROGRAMS:
        yield 1, f"src/{layer} is not a known layer ({', '.join(LAYERS + PROGRAMS)})"
        return
    rank = len(LAYERS) if layer in PROGRAMS else LAYERS.index(layer)
    for number, quote, header in includes_of(path):
        if rule := vendor_rule(header):
            if not any(folder == f or folder.startswith(f + "/") for f in rule[1]):
                where = " or ".join(f"src/{f}" for f in rule[1]) or "the tests"
                yield number, f"<{header}> belongs to {where} alone"
            continue
        if quote == "<" or header.startswith((PUBLIC_PREFIX, *EVERYWHERE)):
            continue
        target = header.split("/")[0]
        if target in PROGRAMS:
            if layer != target:
                yield number, f'"{header}": {target} is a program, not a layer'
        elif target not in LAYERS:
            yield number, f'"{header}" is not relative to src/ or include/'
        elif LAYERS.index(target) > rank:
            yield number, f'"{header}": {layer} must not include {target}, which is above it'
        elif not (root / "src" / header).is_file():
            yield number, f'"{header}" does not exist under src/'


def check_public(root: pathlib.Path, path: pathlib.Path):
    """Yields (line, message) for each offence of one public header."""
    for number, quote, header in includes_of(path):
        if quote == '"' and not header.startswith(PUBLIC_PREFIX):
            yield number, f'"{header}": a public header includes only webnn/ and the standard library'
        elif quote == "<" and ("/" in header or header.endswith((".h", ".hpp"))):
            yield number, f"<{header}>: a public header includes only webnn/ and the standard library"


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    offences = []
    files = 0
    for base, check in (("src", check_source), ("include", check_public)):
        for path in sorted((root / base).rglob("*")):
            if path.suffix in (".h", ".cc", ".inc"):
                files += 1
                for number, message in check(root, path):
                    offences.append(f"{path.relative_to(root)}:{number}: {message}")
    print("\n".join(offences) if offences else f"{files} files, no include points upward")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
