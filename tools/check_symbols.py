#!/usr/bin/env python3
"""Checks that a shared library exports nothing but the namespace webnn and C names webnn_*.

    check_symbols.py LIBRARY [--nm PROGRAM] [--list]

Exit status 1 and one line for each other symbol. --list prints what is exported instead.
"""

import argparse
import re
import subprocess
import sys

# Data about a type that the compiler emits beside its members.
PREFIX = re.compile(
    r"^(typeinfo( name)? for|vtable for|VTT for|construction vtable for|guard variable for"
    r"|(non-)?virtual thunk to|covariant return thunk to) "
)
ALLOWED = re.compile(r"^(webnn::|webnn_\w+$)")


def exported(library: str, nm: str) -> list[str]:
    output = subprocess.run(
        [nm, "--dynamic", "--defined-only", "--extern-only", "--demangle", library],
        check=True, capture_output=True, text=True,
    ).stdout
    # "<address> <type> <name>"; a name may hold blanks. Version nodes are absolute symbols.
    rows = (line.split(None, 2) for line in output.splitlines())
    return sorted({row[2] for row in rows if len(row) == 3 and row[1] != "A"})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--list", action="store_true", help="print the exported symbols")
    args = parser.parse_args()
    names = exported(args.library, args.nm)
    if args.list:
        print("\n".join(names))
        return 0
    strangers = [name for name in names if not ALLOWED.match(PREFIX.sub("", name))]
    for name in strangers:
        print(f"exported, but not ours: {name}")
    if not names:
        print("nothing is exported: is WEBNN_EXPORT missing?")
    if strangers or not names:
        return 1
    print(f"{len(names)} exported symbols, all of webnn")
    return 0


if __name__ == "__main__":
    sys.exit(main())
