"""Command lines as programs read them: options, their arguments, and where the operands begin.

Source: getopt(3), including abbreviations of long options and clusters of short ones. Never guesses: an option that is
not in a program's grammar makes everything behind it uncertain.
"""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from rundown.shell.tree import Word

MAX_SHOWN = 80
"""Characters of a command that are shown where only its start matters."""


class Option(Struct, frozen=True, kw_only=True):
    """An option that was given. `name` is the letter or the long name without dashes; `value` its argument."""

    name: str
    value: Word | None = None
    word: Word

    @property
    def shown(self) -> str:
        """The option as people write it."""
        return f"-{self.name}" if len(self.name) == 1 else f"--{self.name}"


class CommandLine(Struct, frozen=True, kw_only=True):
    """Options up to the first operand, and the index of that (the length if there is none).

    `uncertain`: the word from which on nothing is known, None if all was understood.
    """

    options: tuple[Option, ...]
    first: int
    uncertain: Word | None = None


class Grammar(Struct, frozen=True, kw_only=True):
    """A program's options, decoded. Values: 0 no argument, 1 an argument, 2 an attached argument or none."""

    short: dict[str, int]
    long: dict[str, int]
    single: bool = False


@cache
def grammar(short: str, long: str = "", *, single: bool = False) -> Grammar:
    """Returns the grammar of `short` (as for getopt: `ab:c::`) and `long` (`name`, `name=`, `name==` for optional).

    `single`: long options have one dash, and there are no clusters.
    """
    letters: dict[str, int] = {}
    index = 0
    while index < len(short):
        colons = len(short[index + 1 :]) - len(short[index + 1 :].lstrip(":"))
        letters[short[index]] = min(colons, 2)
        index += 1 + colons
    names = {word.rstrip("="): len(word) - len(word.rstrip("=")) for word in long.split()}
    return Grammar(short=letters, long=names, single=single)


def read_options(words: Sequence[Word], rules: Grammar, start: int = 1) -> CommandLine:
    """Reads the options of `words` from `start` on, up to the first operand."""
    options: list[Option] = []
    index = start
    while index < len(words):
        word = words[index]
        text = word.value
        if text is None:
            if word.prefix[:1] not in ("", "-") and not word.splits:
                break
            attached = _attached(word, rules)
            if attached is None:
                return CommandLine(options=tuple(options), first=index, uncertain=word)
            options.append(attached)
            index += 1
            continue
        if text == "--":
            index += 1
            break
        if not text.startswith("-") or text == "-":
            break
        found, takes_next = _literal(word, text, rules)
        if found is None:
            return CommandLine(options=tuple(options), first=index, uncertain=word)
        index += 1
        if takes_next:
            value = words[index] if index < len(words) else None
            if value is not None and value.splits:
                return CommandLine(options=tuple(options), first=index, uncertain=value)
            found[-1] = Option(name=found[-1].name, value=value, word=word)
            index += 1
        options.extend(found)
    return CommandLine(options=tuple(options), first=min(index, len(words)))


def _literal(word: Word, text: str, rules: Grammar) -> tuple[list[Option] | None, bool]:
    if text.startswith("--") or rules.single:
        name, equals, value = text.lstrip("-").partition("=")
        full = _full_name(name, rules.long)
        if full is None:
            return None, False
        attached = piece(word, value) if equals else None
        return [Option(name=full, value=attached, word=word)], rules.long[full] == 1 and not equals
    found: list[Option] = []
    for index, letter in enumerate(text[1:], 2):
        kind = rules.short.get(letter)
        if kind is None:
            return None, False
        rest = text[index:]
        if kind == 0:
            found.append(Option(name=letter, word=word))
        else:
            found.append(Option(name=letter, value=piece(word, rest) if rest else None, word=word))
            return found, kind == 1 and not rest
    return found, False


def _attached(word: Word, rules: Grammar) -> Option | None:
    """An option whose own name is literal and whose attached argument is not."""
    if word.splits or not word.prefix.startswith("-"):
        return None
    unknown = Word(start=word.start, end=word.end, raw=word.raw, value=None, inner=word.inner)
    if word.prefix.startswith("--") or rules.single:
        name, equals, _ = word.prefix.lstrip("-").partition("=")
        full = _full_name(name, rules.long)
        return Option(name=full, value=unknown, word=word) if equals and full is not None else None
    for letter in word.prefix[1:]:
        kind = rules.short.get(letter)
        if kind is None:
            return None
        if kind > 0:
            return Option(name=letter, value=unknown, word=word)
    return None


def _full_name(name: str, known: dict[str, int]) -> str | None:
    if name in known:
        return name
    candidates = [full for full in known if full.startswith(name)]
    return candidates[0] if len(candidates) == 1 and name else None


def piece(word: Word, value: str) -> Word:
    """Returns a literal word that is part of `word`."""
    return Word(start=word.start, end=word.end, raw=value, value=value, prefix=value)


def joined(words: Sequence[Word]) -> Word:
    """Returns several words as one that is not literal, as they are shown to people."""
    text = " ".join(word.raw for word in words)
    raw = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return Word(start=words[0].start, end=words[-1].end, raw=raw, value=None)


def unknown(word: Word) -> Word:
    """Returns a word at the place of `word` that is only known at run time, and may be several."""
    return Word(start=word.start, end=word.end, raw=word.raw, value=None, splits=True)
