"""What mkdocs does besides (mkdocs.yml, ``hooks``): links that leave docs/ work in the repository, not on the site."""

from __future__ import annotations

import re
from typing import Any

OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\((?:\.\./)+(?!\.\.)([^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Shows a link to a file outside docs/ as its text, with the file's path if the text is another."""
    depth = page.file.src_uri.count("/") + 1

    def shown(link: re.Match[str]) -> str:
        text, path = link[1], link[2]
        if link[0].count("../") < depth:
            return link[0]
        return text if path in text else f"{text} (`{path}`)"

    return OUTSIDE.sub(shown, markdown)
