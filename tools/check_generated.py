#!/usr/bin/env python3
"""Checks that a generated file in the repository is up to date.

    check_generated.py FILE -- PROGRAM [ARGUMENT...]

The program prints what the file should hold. Exit status 1 and a difference when it does not.
"""

import difflib
import pathlib
import subprocess
import sys


def main() -> int:
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    path, command = pathlib.Path(sys.argv[1]), sys.argv[3:]
    wanted = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    if found == wanted:
        print(f"{path.name} is up to date")
        return 0
    difference = difflib.unified_diff(
        found.splitlines(), wanted.splitlines(), str(path), "generated now", lineterm=""
    )
    print("\n".join(list(difference)[:60]))
    print(f"\n{path.name} is out of date: run `make docs` and commit the result")
    return 1


if __name__ == "__main__":
    sys.exit(main())
