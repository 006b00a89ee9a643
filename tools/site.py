"""MkDocs calls this (`hooks` in mkdocs.yml): pages that stand outside of docs/, and links that lead out of it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parent.parent
ELSEWHERE: Final = {"index.md": "README.md", "changelog.md": "CHANGELOG.md", "prompts.md": "sounds/README.md"}
"""Page of the site: file of the repository."""
_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")
_PAGES: Final = {source: page for page, source in ELSEWHERE.items()}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what stands elsewhere."""
    for page, source in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, **_more: object) -> str:
    """Lead each link to the page that its file has become. A file that is no page is named, not linked."""
    folder = (ROOT / ELSEWHERE.get(page.file.src_uri, f"docs/{page.file.src_uri}")).parent

    def lead(link: re.Match[str]) -> str:
        text, file, place = link[1], os.path.relpath(folder / link[2], ROOT), link[3] or ""
        if file in _PAGES or file.startswith("docs/"):
            return f"[{text}]({_PAGES.get(file, file.removeprefix('docs/'))}{place})"
        return text if (ROOT / file).exists() else link[0]

    return _LINK.sub(lead, markdown)
