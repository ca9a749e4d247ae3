"""docs/troubleshooting.md quotes messages: each of them stands in the sources."""

import re

import pytest

from conftest import ROOT

_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def literals():
    """All texts of the sources, those that stand side by side joined."""
    found = []
    files = [*(ROOT / "src").rglob("*.cc"), *(ROOT / "src").rglob("*.h")]
    files += [*(ROOT / "python").rglob("*.cc"), *(ROOT / "python").rglob("*.h")]
    files += (ROOT / "python").rglob("*.py")
    for path in files:
        text = path.read_text(encoding="utf-8")
        end, joined = -1, ""
        for match in _LITERAL.finditer(text):
            beside = end >= 0 and not re.sub(r"[\sf]", "", text[end : match.start()])
            joined = (joined if beside else joined + "\n") + match[1].replace('\\"', '"')
            end = match.end()
        found.append(joined)
    return "\n".join(found)


SOURCES = literals()


def quotations():
    """The messages in the first columns of the tables under a heading; '...' stands for anything."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| (.*?) \| ", page, re.MULTILINE):
        for quoted in re.findall(r"`([^`]+)`", row):
            if " " in quoted:
                yield quoted


@pytest.mark.parametrize("message", quotations())
def test_the_message_is_one_of_ours(message):
    for part in re.split(r"\.\.\.", message):
        part = part.strip(" '\"")
        assert not part or part in SOURCES, part


def test_there_are_messages():
    assert len(list(quotations())) > 20
