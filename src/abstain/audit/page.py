"""The page of an audit: Markdown for the terminal and `report.md`, and one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from abstain.audit.words import Section

if TYPE_CHECKING:
    from markdown_it.token import Token

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --ground: #ffffff; --line: #d0d0d0; --soft: #f5f5f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --ground: #16181b; --line: #3a3d42; --soft: #202327; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1rem 4rem; color: var(--ink); background: var(--ground);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin-top: 2.4rem; }
h3 { font-size: 1.05rem; margin-top: 1.8rem; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; white-space: nowrap; text-align: left; }
th { border-bottom-width: 2px; }
code { background: var(--soft); border-radius: 3px; padding: .1em .3em; font-size: .9em; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; } img { max-width: 100%; background: #ffffff; border-radius: 4px; padding: .5rem; }
@media print { body { max-width: none; } h2 { break-after: avoid; } figure { break-inside: avoid; } }
"""
"""Colours of the system's choice, light or dark; pictures keep their white ground, on which they were drawn."""

Parts = Sequence[tuple[str, Sequence[Section]]]
"""Of each model its name, which may be empty, and its sections."""


def as_markdown(parts: Parts, figures: Mapping[str, str] | None = None) -> str:
    """Sections one after another; a sentence a line.

    Args:
        parts: of each model.
        figures: name of a section's figure -> the file that it is in; without it pictures are left out.
    """
    lines: list[str] = []
    for name, sections in parts:
        lines += [f"## {name}"] if name else []
        for section in sections:
            heading = f"{'###' if name else '##'} {section.title}"
            picture = (figures or {}).get(f"{name}/{section.figure}" if name else str(section.figure))
            shown = [f"![{section.title}]({picture})"] if picture else []
            words = ["\n".join(section.sentences)] if section.sentences else []
            lines += ["\n\n".join([heading, *words, *section.tables, *shown])]
    return "\n\n".join(lines)


def as_html(title: str, markdown: str, pictures: Mapping[str, bytes]) -> str:
    """One file with all in it: no script, nothing that is fetched.

    Args:
        title: of the page.
        markdown: its text, whose pictures are among these.
        pictures: name of a file as the text calls it -> its PNG.
    """
    from markdown_it import MarkdownIt

    def picture(_: object, tokens: Sequence[Token], place: int, *__: object) -> str:
        return _picture(tokens[place], pictures)

    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    reader.add_render_rule("image", picture)
    text = reader.render(markdown)
    text = text.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{text}</body>\n</html>\n"
    )


def _picture(token: Token, pictures: Mapping[str, bytes]) -> str:
    """One of these; any other, such as one that the name of a class asks for, stays the text that stands for it."""
    png, text = pictures.get(str(token.attrs["src"])), escape(token.content)
    if png is None:
        return text
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}" alt="{text}" />'
