#!/usr/bin/env python3
"""Checks that a module for TensorRT has the vendor's namespaces under names of its own.

    check_tensorrt_symbols.py GENERATION OBJECT... [--nm PROGRAM]

The headers of TensorRT 10, 11 and TensorRT-RTX define the same inline functions for different
tables of virtual functions. Under one name, the linker would keep one of them for all. Exit status 1
and one line for each symbol whose namespace is not nvinfer1_GENERATION or nvonnxparser_GENERATION.
"""

import argparse
import re
import subprocess
import sys

VENDOR = re.compile(r"\b(?:nvinfer\d*|nvonnxparser)\w*(?=::)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("generation")
    parser.add_argument("objects", nargs="+")
    parser.add_argument("--nm", default="nm")
    args = parser.parse_args()
    allowed = {f"nvinfer1_{args.generation}", f"nvonnxparser_{args.generation}"}
    output = subprocess.run(
        [args.nm, "--demangle", *args.objects], check=True, capture_output=True, text=True
    ).stdout
    seen = set()
    strangers = []
    for line in output.splitlines():
        names = set(VENDOR.findall(line))
        seen |= names
        if names - allowed:
            strangers.append(line.strip())
    for line in strangers:
        print(f"not under a name of its own: {line}")
    if not seen:
        print("no symbol of the vendor's headers was found: is this the right object?")
    if strangers or not seen:
        return 1
    print(f"every symbol is in {', '.join(sorted(seen))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
