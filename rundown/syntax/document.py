"""A document as a flat run of blocks: headings, bullets, fences and prose, by a real CommonMark parser.

Only what stands at the top level is told apart; a heading or fence inside a list or a quotation is part
of that list's or quotation's prose. HTML comments and thematic breaks leave no block.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

from rundown.syntax.source import Source

_CLOSING_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")


class Heading(Struct, frozen=True, kw_only=True):
    """`line` and `end` are 0-based, `end` exclusive, as in every block."""

    line: int
    end: int
    level: int
    text: str


class Bullet(Struct, frozen=True, kw_only=True):
    """One item of a bulleted list. `text` is its first paragraph, which begins at `text_line`, as written.

    `nested` are the bullets of a list right below it; `fences` the fenced blocks anywhere in it; `more`
    tells that it holds anything beyond text and nested bullets.
    """

    line: int
    end: int
    text: str
    text_line: int
    nested: tuple["Bullet", ...] = ()
    fences: tuple["Fence", ...] = ()
    more: bool = False


class Fence(Struct, frozen=True, kw_only=True):
    """A fenced block; `info` without blanks around it, `text` with its last line end."""

    line: int
    end: int
    info: str
    text: str
    closed: bool = True


class Prose(Struct, frozen=True, kw_only=True):
    """Anything else that is shown. `unclosed_comment`: an HTML comment that runs to the end of the file."""

    line: int
    end: int
    paragraph: bool = False
    fences: tuple[Fence, ...] = ()
    unclosed_comment: bool = False


Block = Heading | Bullet | Fence | Prose


def read_blocks(source: Source, first_line: int) -> list[Block]:
    """Returns the top-level blocks from `first_line` (0-based) on, in order; each item of a list is one."""
    parser = MarkdownIt("commonmark").disable(["inline", "text_join"])
    tokens = parser.parse("\n".join(source.lines[first_line:]))
    return list(_Reader(source, first_line, tokens).blocks())


class _Reader:
    def __init__(self, source: Source, offset: int, tokens: list[Token]) -> None:
        self._source = source
        self._offset = offset
        self._tokens = tokens
        self._at = 0

    def blocks(self) -> Iterator[Block]:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.type == "heading_open":
                yield self._heading(token)
            elif token.type == "bullet_list_open":
                yield from self._bullets()
            elif token.type == "fence":
                yield self._fence(token)
                self._at += 1
            elif token.type == "hr":
                self._at += 1
            else:
                yield from self._prose(token)

    def _lines(self, token: Token) -> tuple[int, int]:
        start, end = token.map or (0, 0)
        return start + self._offset, end + self._offset

    def _heading(self, token: Token) -> Heading:
        line, end = self._lines(token)
        text = blank_comments(self._tokens[self._at + 1].content).rstrip()
        self._at += 3
        return Heading(line=line, end=end, level=int(token.tag[1]), text=text)

    def _fence(self, token: Token) -> Fence:
        line, end = self._lines(token)
        last = self._source.lines[end - 1] if end - 1 > line else ""
        closing = _CLOSING_FENCE.fullmatch(last)
        closed = token.level > 0 or (closing is not None and closing[1].startswith(token.markup))
        return Fence(line=line, end=end, info=token.info.strip(), text=token.content, closed=closed)

    def _prose(self, token: Token) -> Iterator[Prose]:
        line, end = self._lines(token)
        fences: list[Fence] = []
        if token.nesting == 1:
            fences.extend(self._skip_container())
        else:
            self._at += 1
        if token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            rest = blank_comments(token.content)
            if "<!--" in rest:
                yield Prose(line=line, end=end, unclosed_comment=True)
                return
            if not rest.strip():
                return
        yield Prose(line=line, end=end, paragraph=token.type == "paragraph_open", fences=tuple(fences))

    def _skip_container(self) -> list[Fence]:
        """Moves behind the container that opens here; returns the fences in it."""
        level = self._tokens[self._at].level
        fences = []
        self._at += 1
        while True:
            token = self._tokens[self._at]
            if token.type == "fence":
                fences.append(self._fence(token))
            self._at += 1
            if token.level == level and token.nesting == -1:
                return fences

    def _bullets(self) -> list[Bullet]:
        bullets = []
        self._at += 1
        while self._tokens[self._at].type == "list_item_open":
            bullets.append(self._bullet())
        self._at += 1
        return bullets

    def _bullet(self) -> Bullet:
        line, end = self._lines(self._tokens[self._at])
        self._at += 1
        text, text_line, more = "", line, False
        nested: list[Bullet] = []
        fences: list[Fence] = []
        if self._tokens[self._at].type == "paragraph_open":
            text = blank_comments(self._tokens[self._at + 1].content)
            text_line = self._lines(self._tokens[self._at])[0]
            self._at += 3
        while (token := self._tokens[self._at]).type != "list_item_close":
            if token.type == "bullet_list_open" and not more:
                nested.extend(self._bullets())
                continue
            more = True
            if token.nesting == 1:
                fences.extend(self._skip_container())
                continue
            if token.type == "fence":
                fences.append(self._fence(token))
            self._at += 1
        self._at += 1
        fences.extend(fence for item in nested for fence in item.fences)
        return Bullet(
            line=line,
            end=end,
            text=text,
            text_line=text_line,
            nested=tuple(nested),
            fences=tuple(fences),
            more=more,
        )


def blank_comments(text: str) -> str:
    """Returns `text` with blanks in place of its HTML comments; one that does not end stays."""
    if "<!--" not in text:
        return text
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        comment = text[start : end + 3]
        kept += [text[at:start], "\n".join(" " * len(line) for line in comment.split("\n"))]
        at = end + 3
    return "".join([*kept, text[at:]])
