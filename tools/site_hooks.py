"""Hooks of mkdocs.yml: links out of docs/ lead to the files of the repository."""

from __future__ import annotations

import pathlib
import re
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((\.\./[^)#]+)(#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **kwargs: Any) -> str:
    """A site has no file outside docs/: the link's text stays, with the path behind it."""
    del kwargs

    def replace(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        path = (ROOT / "docs" / page.file.src_uri).parent / target
        resolved = path.resolve()
        if resolved.is_relative_to(ROOT / "docs"):
            return match[0]
        if not resolved.exists():
            raise FileNotFoundError(f"{page.file.src_uri}: {target} does not exist")
        name = resolved.relative_to(ROOT).as_posix()
        return f"{text} (`{name}`)" if text.strip("`") != name else f"`{name}`"

    return _OUTSIDE.sub(replace, markdown)
