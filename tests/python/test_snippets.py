"""Every snippet in the README and the documents runs: Python, commands of `webnn`, and C++.

The snippets of a page run in order and know of each other; tests/python/snippets.py tells how a page
says otherwise. Commands run in a folder that holds the files of `stage` below.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest

import snippets
import webnn
from conftest import ROOT
from webnn import _core

PYTHON = snippets.by_page("python")
SHELL = snippets.by_page("sh", "console")
CPP = snippets.by_page("cpp")
COMPILER = shutil.which(os.environ.get("CXX", "c++"))
BUILD = pathlib.Path(_core.__file__).absolute().parents[2]
# Other programs than ours: what they do is not for this test.
COMMAND = re.compile(r"^(?:build/)?webnn(?= )|^python3? -m webnn(?= |$)")


def environment(**more):
    path = os.pathsep.join(path for path in sys.path if path)
    return dict(os.environ, PYTHONPATH=path, PYTHONIOENCODING="utf-8", **more)


@pytest.fixture
def stage(tmp_path):
    """A model that classifies pictures, a picture, names of classes."""
    context = webnn.ML().create_context(backend="onnxruntime", device="cpu", threads=1)
    builder = context.create_graph_builder()
    dice = np.random.default_rng(0)
    x = builder.input("image", [1, 3, 224, 224])
    filters = dice.standard_normal((8, 3, 4, 4)).astype(np.float32)
    y = builder.relu(builder.conv2d(x, filters, strides=[4, 4]))
    y = builder.reshape(builder.average_pool2d(y), [1, 8])
    y = builder.softmax(y @ dice.standard_normal((8, 10)).astype(np.float32), axis=1)
    graph = builder.build({"probabilities": y})
    graph.save(tmp_path / "model.onnx")
    (tmp_path / "classes.txt").write_text("".join(f"thing {i}\n" for i in range(10)))
    shutil.copy(ROOT / "examples" / "data" / "photo.png", tmp_path / "cat.jpg")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def available(name):
    return any(
        status["name"] == name and status["available"] for status in webnn.devices()["backends"]
    )


def has_library(name):
    return any(
        status["name"] == name and status["library"]
        for status in webnn.devices(open_libraries=True)["backends"]
    )


# What a line of a page may ask for behind a `#`.
NEEDS = {
    "needs a GPU": lambda: available("tensorrt"),
    "needs TensorRT-RTX": lambda: has_library("tensorrt-rtx"),
}


@pytest.mark.parametrize("page", PYTHON)
def test_python(page, stage):
    parts = []
    for snippet in PYTHON[page]:
        compile(snippet.code, snippet.place, "exec")
        if snippet.skip:
            continue
        if snippet.new or not parts:
            parts.append([])
        parts[-1] += [(snippet.place, "setup", snippet.setup), (snippet.place, "", snippet.code)]
    for part in parts:
        program = "namespace = {'__name__': '__main__'}\n" + "".join(
            f"exec(compile({code!r}, {(place + ' ' + kind).strip()!r}, 'exec'), namespace)\n"
            for place, kind, code in part
        )
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=stage,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            env=environment(WEBNN_CACHE_DIR=str(stage / "cache")),
        )
        assert done.returncode == 0, done.stdout + done.stderr


def commands(snippet):
    """The lines that begin with our program, continued lines joined."""
    text = snippet.code.replace("\\\n", " ")
    for line in text.splitlines():
        line = line.removeprefix("$ ") if snippet.language == "console" else line
        if COMMAND.match(line):
            yield line


@pytest.mark.parametrize("page", SHELL)
def test_commands(page, stage):
    folder = stage / "bin"
    folder.mkdir()
    program = folder / "webnn"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m webnn "$@"\n')
    program.chmod(0o755)
    for snippet in SHELL[page]:
        if snippet.language == "sh":
            subprocess.run(["bash", "-n"], input=snippet.code, text=True, check=True)
        if snippet.skip:
            continue
        if snippet.setup:
            subprocess.run(["bash", "-ec", snippet.setup], cwd=stage, check=True)
        for line in commands(snippet):
            if any(text in line and not met() for text, met in NEEDS.items()):
                continue
            line = COMMAND.sub("webnn", line)
            if line.startswith("webnn bench ") and "--iterations" not in line:
                line = line.replace("webnn bench ", "webnn bench --seconds 0.1 ")  # quickly
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=stage,
                capture_output=True,
                encoding="utf-8",
                timeout=120,
                env=environment(
                    PATH=f"{folder}{os.pathsep}{os.environ['PATH']}",
                    WEBNN_CACHE_DIR=str(stage / "cache"),
                ),
            )
            assert done.returncode == 0, f"{snippet.place}: {line}\n{done.stdout}{done.stderr}"


def translation_unit(parts):
    """All snippets of a page: those that belong together in one function."""
    lines = [
        "#include <array>",
        "#include <cstdio>",
        "#include <span>",
        "#include <string>",
        "#include <vector>",
        '#include "webnn/dlpack.h"',
        '#include "webnn/webnn.h"',
    ]
    body, functions, open_block = [], 0, False
    for snippet in parts:
        if snippet.skip:
            continue
        whole = "int main(" in snippet.code
        code = snippet.setup + snippet.code
        lines += [line for line in code.splitlines() if line.startswith("#include")]
        code = "\n".join(line for line in code.splitlines() if not line.startswith("#include"))
        if open_block and (snippet.new or whole):
            body.append("}")
            open_block = False
        if not whole and not open_block:
            functions += 1
            body.append(f"[[maybe_unused]] static void Snippet{functions}() {{")
            open_block = True
        body.append(f'#line {snippet.line} "{snippet.page}"')
        body.append(code.replace("int main(", f"[[maybe_unused]] int Main{snippet.line}("))
    if open_block:
        body.append("}")
    return "\n".join([*dict.fromkeys(lines), *body, ""])


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize(
    "page", [page for page, parts in CPP.items() if not all(part.skip for part in parts)]
)
def test_cpp(page, tmp_path):
    source = tmp_path / "page.cc"
    source.write_text(translation_unit(CPP[page]), encoding="utf-8")
    done = subprocess.run(
        [COMPILER, "-std=c++20", "-fsyntax-only", f"-I{ROOT / 'include'}", str(source)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize(
    "snippet",
    [one for page in CPP.values() for one in page if "int main(" in one.code and not one.skip],
    ids=lambda snippet: snippet.place,
)
def test_a_whole_program_runs(snippet, stage):
    library = BUILD / "libwebnn.so"
    if not library.exists():
        pytest.skip(f"{library} is not built")
    (stage / "main.cc").write_text(snippet.setup + snippet.code, encoding="utf-8")
    subprocess.run(
        [COMPILER, "-std=c++20", f"-I{ROOT / 'include'}", "-DWEBNN_SHARED=1", "main.cc", "-o",
         "main", str(library), f"-Wl,-rpath,{BUILD}"],
        cwd=stage, check=True, timeout=120,
    )  # fmt: skip
    done = subprocess.run(
        [stage / "main"], cwd=stage, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0 and done.stdout, done.stdout + done.stderr


def test_what_is_not_run_is_listed(request):
    """With the reasons; each of them is in the page beside it."""
    rows = []
    for pages in (PYTHON, SHELL, CPP):
        for page in pages.values():
            for snippet in page:
                if snippet.skip:
                    rows.append(f"{snippet.place}: {snippet.skip}")
                elif snippet.language in ("sh", "console"):
                    rows += [
                        f"{snippet.place}: {line.split('#')[0].strip()}: {text}"
                        for line in commands(snippet)
                        for text, met in NEEDS.items()
                        if text in line and not met()
                    ]
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line("")
        reporter.write_line(f"{len(rows)} snippets of the documents are parsed but not run here:")
        for row in rows:
            reporter.write_line("  " + row)
    assert len(rows) < sum(len(page) for pages in (PYTHON, SHELL, CPP) for page in pages.values())


def test_the_reader_of_snippets(tmp_path, monkeypatch):
    monkeypatch.setattr(snippets, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "text\n<!-- snippet: new -->\n<!-- snippet: setup\nx = 1\n-->\n```python\nprint(x)\n```\n"
        "- in a list\n\n  <!-- snippet: skip needs a GPU -->\n  ```sh\n  webnn a \\\n    b\n  ls\n"
        "  ```\n```json\n{}\n```\n"
    )
    first, second, third = snippets.snippets_of(page)
    assert (first.place, first.code, first.setup) == ("page.md:7", "print(x)\n", "x = 1\n")
    assert first.new and not first.skip
    assert second.skip == "needs a GPU" and not second.new
    assert [line.split() for line in commands(second)] == [["webnn", "a", "b"]]
    assert third.language == "json" and not third.skip


def test_examples_in_docstrings():
    import doctest

    result = doctest.testmod(webnn)
    assert result.attempted > 0 and result.failed == 0
