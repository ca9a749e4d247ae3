"""Takes the pieces of code out of the README and the documents.

A fence (three backquotes) may have a comment of HTML directly before it, which readers do not see:

    <!-- snippet: new -->             Begins afresh: nothing of the page's snippets before it is known.
    <!-- snippet: skip REASON -->     Is not run. Python and shell are still parsed.
    <!-- snippet: setup               Runs this first, in the snippet's language.
    CODE
    -->

Several of these may stand one after the other.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_COMMENTS = re.compile(r"(?:<!-- snippet: (?:(?!-->).)*-->\s*)+\Z", re.DOTALL)
_COMMENT = re.compile(r"<!-- snippet: (new|skip|setup)\b(.*?)-->", re.DOTALL)


@dataclasses.dataclass
class Snippet:
    page: str  # "docs/cache.md"
    line: int  # of the first line of code
    language: str
    code: str
    setup: str = ""
    skip: str = ""
    new: bool = False

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[pathlib.Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def snippets_of(path: pathlib.Path) -> list[Snippet]:
    text = path.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        if fence[3].lstrip().startswith("--8<--"):  # a file that the site shows
            continue
        snippet = Snippet(
            page=str(path.relative_to(ROOT)),
            line=text.count("\n", 0, fence.start()) + 2,
            language=fence[2],
            code=textwrap.dedent(fence[3]),
        )
        before = _COMMENTS.search(text, 0, fence.start())
        for kind, rest in _COMMENT.findall(before[0]) if before else []:
            if kind == "new":
                snippet.new = True
            elif kind == "skip":
                snippet.skip = rest.strip()
                assert snippet.skip, f"{snippet.place}: skip needs a reason"
            else:
                snippet.setup += textwrap.dedent(rest.strip("\n")) + "\n"
        found.append(snippet)
    return found


def by_page(*languages: str) -> dict[str, list[Snippet]]:
    """Snippets of these languages, of pages that have some."""
    found: dict[str, list[Snippet]] = {}
    for path in pages():
        for snippet in snippets_of(path):
            if snippet.language in languages:
                found.setdefault(snippet.page, []).append(snippet)
    return found
