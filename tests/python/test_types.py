"""The stub is that of the built module; mypy and pyright find nothing in the package."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT


def test_the_stub_is_that_of_the_module():
    pytest.importorskip("nanobind", reason="nanobind is not installed")
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the stub is compared for the Python that it was made with, 3.11")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate_stub.py")],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    stored = (ROOT / "python" / "webnn" / "_core.pyi").read_text(encoding="utf-8")
    assert done.stdout == stored, "run `make python-stub`"


def test_mypy_finds_nothing():
    pytest.importorskip("mypy", reason="mypy is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--no-incremental"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright_finds_nothing(tmp_path):
    pytest.importorskip("pyright", reason="pyright is not installed")
    pyright = [sys.executable, "-m", "pyright"]

    def run(*arguments):
        return subprocess.run(
            [*pyright, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
        )

    # The package fetches the program itself from npm's registry when it first runs.
    version = run("--version")
    if version.returncode != 0:
        pytest.skip(f"pyright needs Node.js and its npm package: {version.stderr.strip()[-200:]}")
    done = run("--pythonpath", sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    # That it does find what is wrong.
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import webnn\nwebnn.ML().create_context(threads='two').backend + 1\n")
    done = run("--pythonpath", sys.executable, str(wrong))
    assert done.returncode == 1 and "threads" in done.stdout, done.stdout + done.stderr
