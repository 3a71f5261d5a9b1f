"""Values into a block that runs, each kept as one datum whatever it holds.

Where a word or a quoted text stands, the placeholder becomes a reference to a private variable and the value
travels in the environment, so that it is never part of the text. In arithmetic an integer is written into
the text; where only syntax can stand, a plain word. Anything else is refused (E36): there is no raw form.
"""

import re
from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.syntax.codes import Code
from rundown.syntax.places import Dialect, Kind, Place, locate
from rundown.syntax.source import MAX_EXCERPT
from rundown.syntax.template import Placeholder, expand_text, look_up, placeholders, render_value

MAX_PASSES = 20
_PLAIN = re.compile(r"(?!-)[A-Za-z0-9_./-]+")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_KEYWORDS = frozenset(
    "if then elif else fi case esac for select while until do done function time coproc in".split()  # noqa: SIM905
)
_ADVICE = (
    ("single quotes", 'use double quotes: "{name}"'),
    ("$'", 'use double quotes: "{name}"'),
    ("comment", "take the placeholder out of the comment"),
    ("end is quoted", "write the here-document's end without quotes: <<EOF"),
    ("backquotes", "write $(…) instead of backquotes"),
    ("arithmetic", "give it an integer"),
    (
        "takes code",
        'give it a plain word, or hand the value over as an argument: bash -c \'echo "$1"\' _ "{name}"',
    ),
    ("reads as its script", "write the value into an argument or a file instead"),
    ("`$`", 'leave the `$` out: "{name}"'),
    ("backslash", 'leave the backslash out: "{name}"'),
)


class Bound(Struct, frozen=True, kw_only=True):
    """A block ready to run.

    `text` is the script, `bindings` the environment variables that it needs (name, value), `references` how
    each of these stands in it and what its author wrote there, `shown` the block with its values filled in,
    for people. `undefined`: paths without a value, each once. If there are any,
    or diagnostics, the block must not run.
    """

    text: str
    shown: str
    bindings: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    undefined: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def bind_script(
    text: str,
    dialect: Dialect,
    variables: Mapping[str, object],
    *,
    origin: Span | None = None,
    secret: frozenset[str] = frozenset(),
) -> Bound:
    """Returns `text` with every placeholder bound. `origin`: the opening fence's line, for diagnostics.
    Values of `secret` names are never written into a text, neither what runs nor what is shown."""
    return _Binder(text, dialect, variables, origin, secret).bind()


class _Edit(Struct, frozen=True, kw_only=True):
    start: int
    end: int
    text: str


class _Binder:
    def __init__(
        self,
        text: str,
        dialect: Dialect,
        variables: Mapping[str, object],
        origin: Span | None,
        secret: frozenset[str],
    ) -> None:
        self._original = text
        self._dialect = dialect
        self._variables = variables
        self._origin = origin
        self._secret = secret
        self._prefix = "__rd"
        while self._prefix in text:
            self._prefix += "_"

    def bind(self) -> Bound:
        _, undefined = expand_text(self._original, self._variables)
        hidden = {name: f"[REDACTED:{name}]" for name in self._secret & self._variables.keys()}
        shown, _ = expand_text(self._original, {**self._variables, **hidden})
        if undefined:
            return Bound(text=self._original, shown=shown, undefined=undefined)
        text, places, originals = self._with_plain_words()
        problems: list[Diagnostic] = []
        edits: list[_Edit] = []
        bindings: list[tuple[str, str]] = []
        references: list[tuple[str, str]] = []
        for place, original in zip(places, originals, strict=True):
            value = self._value(place)
            written = None if "\0" in value else self._written(place, value, len(bindings))
            if written is None:
                problems.append(self._refused(place, value, original))
                continue
            if place.kind in (Kind.WORD, Kind.QUOTED):
                bindings.append((f"{self._prefix}_{len(bindings)}", value))
                references.append((written, self._original[original.start : original.end]))
            edits.append(_Edit(start=place.placeholder.start, end=place.placeholder.end, text=written))
        if problems:
            return Bound(text=self._original, shown=shown, diagnostics=tuple(problems))
        return Bound(
            text=_edited(text, edits), shown=shown, bindings=tuple(bindings), references=tuple(references)
        )

    def _value(self, place: Place) -> str:
        return render_value(look_up(place.placeholder.path, self._variables))

    def _with_plain_words(self) -> tuple[str, tuple[Place, ...], list[Placeholder]]:
        """Writes plain words into places of syntax until no more can be: each may change what the others are.

        Returns the text, the places left in it, and where each of those was written.
        """
        text, originals = self._original, list(placeholders(self._original))
        places = locate(text, self._dialect)
        for _ in range(MAX_PASSES):
            chosen = {index: edit for index, place in enumerate(places) if (edit := self._plain(place, text))}
            chosen = _not_ending(text, places, chosen)
            if not chosen:
                break
            text = _edited(text, list(chosen.values()))
            originals = [item for index, item in enumerate(originals) if index not in chosen]
            places = locate(text, self._dialect)
        return text, places, originals

    def _plain(self, place: Place, text: str) -> _Edit | None:
        value, spot = self._value(place), place.placeholder
        if place.kind is not Kind.PLAIN or not is_plain(value) or spot.name in self._secret:
            return None
        if (value in _KEYWORDS and place.end_line is None) or self._prefix in value:
            return None
        joins_before = value[0] == "." and text[max(spot.start - 1, 0) : spot.start] in (".", "}")
        if joins_before or (value[-1] == "." and text[spot.end : spot.end + 1] in (".", "{")):
            return None
        return _Edit(start=spot.start, end=spot.end, text=value)

    def _written(self, place: Place, value: str, number: int) -> str | None:
        """Returns what stands in the text for a value, None if it cannot be there."""
        match place.kind:
            case Kind.WORD:
                return f'"${{{self._prefix}_{number}}}"'
            case Kind.QUOTED:
                return f"${{{self._prefix}_{number}}}"
            case Kind.INTEGER | Kind.OPTION_INTEGER:
                if not _INTEGER.fullmatch(value) or place.placeholder.name in self._secret:
                    return None
                return f"({value})" if value[0] == "-" and place.kind is Kind.INTEGER else value
            case Kind.PLAIN | Kind.NEVER:
                return None
            case _:
                assert_never(place.kind)

    def _refused(self, place: Place, value: str, original: Placeholder) -> Diagnostic:
        wanted = "an integer" if place.kind in (Kind.INTEGER, Kind.OPTION_INTEGER) else "a plain word"
        message = f"`{{{{{original.path}}}}}` stands {place.reason}, and its value is not {wanted}"
        if place.placeholder.name in self._secret:
            message = f"`{{{{{original.path}}}}}` stands {place.reason}, and a secret is never part of a text"
        if "\0" in value:
            message = f"the value of `{{{{{original.path}}}}}` holds a NUL byte, which no command can take"
        elif place.kind is Kind.NEVER:
            message = f"`{{{{{original.path}}}}}` stands {place.reason}, where no value can stand"
        return Code.UNSAFE_PLACEHOLDER.at(
            span_in_block(self._original, original, self._origin),
            message,
            why="a value is data; here the shell would read it as part of the script",
            fix=advice(place),
        )


def is_plain(value: str) -> bool:
    """Tells whether a value is a word without any syntax, so that it may stand where syntax stands."""
    return _PLAIN.fullmatch(value) is not None and ".." not in value


def advice(place: Place) -> str:
    """Returns how to write a placeholder that stands where no value can be data."""
    name = f"{{{{{place.placeholder.path}}}}}"
    for words, fix in _ADVICE:
        if words in place.reason:
            return fix.replace("{name}", name)
    return f'put it where an argument stands: command "{name}"'


def span_in_block(text: str, placeholder: Placeholder, origin: Span | None) -> Span:
    """Returns the place of a placeholder in a block's text; `origin`: its opening fence's line."""
    before = text.count("\n", 0, placeholder.start)
    start = text.rfind("\n", 0, placeholder.start) + 1
    end = text.find("\n", placeholder.end)
    return Span(
        file=origin.file if origin else "",
        line=before + 1 + (origin.line if origin else 0),
        column=placeholder.start - start + 1,
        length=placeholder.end - placeholder.start,
        excerpt=text[start : end if end >= 0 else len(text)][:MAX_EXCERPT],
    )


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def _not_ending(text: str, places: Sequence[Place], chosen: dict[int, _Edit]) -> dict[int, _Edit]:
    """Returns `chosen` without what would make a line the end of the here-document that it is in."""
    kept = dict(chosen)
    for index in chosen:
        end_line = places[index].end_line
        if end_line is None:
            continue
        start = text.rfind("\n", 0, chosen[index].start) + 1
        end = text.find("\n", chosen[index].end)
        end = end if end >= 0 else len(text)
        inside = [
            _Edit(start=edit.start - start, end=edit.end - start, text=edit.text)
            for edit in chosen.values()
            if start <= edit.start < end
        ]
        if _edited(text[start:end], inside).strip() == end_line:
            del kept[index]
    return kept
