"""The documentation's site builds without a warning, and holds what it should."""

import os
import re
import shutil
import subprocess

import pytest

import webnn

from conftest import ROOT


def mkdocs():
    own = ROOT / ".deps" / "site" / "bin" / "mkdocs"
    return str(own) if own.exists() else shutil.which("mkdocs")


@pytest.mark.skipif(mkdocs() is None, reason="mkdocs is not here: tools/setup.sh site installs it")
def test_the_site_builds(tmp_path):
    done = subprocess.run(
        [mkdocs(), "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        env=dict(os.environ, NO_MKDOCS_2_WARNING="1"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for path in (ROOT / "docs").rglob("*.md"):
        page = tmp_path / path.relative_to(ROOT / "docs").with_suffix(".html")
        assert page.exists(), page
    python = (tmp_path / "api" / "python.html").read_text(encoding="utf-8")
    for name in ("create_context", "conv2d", "compute_async", "import_tensor", *webnn.__all__):
        assert name == "__version__" or f"{name}</span>" in python, name
    cpp = (tmp_path / "api" / "cpp.html").read_text(encoding="utf-8")
    assert "ImportTensor" in cpp and "--8&lt;--" not in cpp
    assert "snippet: setup" not in (tmp_path / "search" / "search_index.json").read_text()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_of_pages_outside_the_site(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)", text)
    assert links or page != "README.md"
    for target, anchor in links:
        if "://" in target:
            continue
        path = ROOT / target
        assert path.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
            assert anchor in slugs, f"{target}#{anchor}"
