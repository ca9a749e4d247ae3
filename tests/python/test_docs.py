"""Every Python snippet in the README and the documents runs, each by itself."""

import os
import re
import subprocess
import sys

import pytest

from conftest import ROOT


def snippets():
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]:
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 2
            yield pytest.param(match[1], id=f"{path.relative_to(ROOT)}:{line}")


@pytest.mark.parametrize("code", snippets())
def test_snippet(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
