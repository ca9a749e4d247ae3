#!/usr/bin/env python3
"""Checks the C++ sources with clang-format 19 and clang-tidy 19.

    lint.py format [--fix]                   check (or repair) the format of all sources
    lint.py tidy [--build DIR] [FILE...]     run clang-tidy; warnings are errors

clang-tidy runs only on files that changed since they last passed: a pass is remembered under
BUILD/lint-cache by a hash of the file, all project headers it includes, its compile command and
.clang-tidy.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("include", "src", "tests", "tools", "examples", "bench", "python")
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
INCLUDE_ROOTS = (ROOT, ROOT / "src", ROOT / "include")


def sources() -> list[pathlib.Path]:
    return sorted(
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*")
        if path.suffix in (".h", ".cc")
    )


def program(name: str) -> str:
    return os.environ.get(name.upper().replace("-", "_"), f"{name}-19")


def format_sources(fix: bool) -> int:
    files = [str(path) for path in sources()]
    if not files:
        return 0
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]
    status = subprocess.run([program("clang-format"), "--style=file", *mode, *files]).returncode
    if status:
        print("The format differs: run `make format`", file=sys.stderr)
    else:
        print(f"{len(files)} files are formatted")
    return status


@functools.lru_cache(maxsize=None)
def headers_of(path: pathlib.Path) -> frozenset[pathlib.Path]:
    """The project's headers that a file includes itself."""
    found = set()
    for name in INCLUDE.findall(content(path)):
        for base in (path.parent, *INCLUDE_ROOTS):
            if (candidate := (base / name.decode()).resolve()).is_file():
                found.add(candidate)
                break
    return frozenset(found)


@functools.lru_cache(maxsize=None)
def content(path: pathlib.Path) -> bytes:
    return path.read_bytes()


def all_headers(path: pathlib.Path) -> list[pathlib.Path]:
    seen, todo = set(), [path]
    while todo:
        for header in headers_of(todo.pop()):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return sorted(seen)


def key_of(path: pathlib.Path, command: str) -> str:
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    digest.update(command.encode())
    for file in [path, *all_headers(path)]:
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(content(file)).digest())
    return digest.hexdigest()


def compile_commands(build: pathlib.Path) -> dict[pathlib.Path, str]:
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FOLDERS:
            commands[path] = entry["command"]
    return commands


def tidy(build: pathlib.Path, jobs: int, only: list[str]) -> int:
    commands = compile_commands(build)
    if only:
        wanted = {pathlib.Path(name).resolve() for name in only}
        for path in wanted - commands.keys():
            print(f"not in the build: {path}", file=sys.stderr)
        commands = {path: command for path, command in commands.items() if path in wanted}
    cache = build / "lint-cache"
    cache.mkdir(parents=True, exist_ok=True)
    todo = [(path, stamp) for path, command in sorted(commands.items())
            if not (stamp := cache / key_of(path, command)).exists()]
    print(f"clang-tidy: {len(todo)} of {len(commands)} files have changed", flush=True)

    def run(item):
        path, stamp = item
        start = time.monotonic()
        result = subprocess.run(
            [program("clang-tidy"), "-p", str(build), "--quiet", "--extra-arg=-Wno-everything",
             str(path)],
            capture_output=True, text=True,
        )
        if result.returncode == 0:
            stamp.touch()
        return path, result, time.monotonic() - start

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done, (path, result, seconds) in enumerate(pool.map(run, todo), start=1):
            print(f"[{done}/{len(todo)}] {path.relative_to(ROOT)} ({seconds:.1f} s)", flush=True)
            if result.returncode:
                failed += 1
                # stderr only counts suppressed warnings, unless the tool itself broke.
                print(result.stdout.strip() or result.stderr.strip(), flush=True)
    print(f"clang-tidy: {failed} files with findings" if failed else "clang-tidy: no findings")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    format_parser = commands.add_parser("format")
    format_parser.add_argument("--fix", action="store_true", help="format in place")
    tidy_parser = commands.add_parser("tidy")
    tidy_parser.add_argument("--build", default="build", help="build folder")
    tidy_parser.add_argument("--jobs", type=int, default=os.cpu_count())
    tidy_parser.add_argument("files", nargs="*", help="only these files")
    args = parser.parse_args()
    if args.command == "format":
        return format_sources(args.fix)
    return tidy((ROOT / args.build).resolve(), args.jobs, args.files)


if __name__ == "__main__":
    sys.exit(main())
