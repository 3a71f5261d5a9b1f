"""What is known of variables' values: which names surely hold integers, which surely no subscript.

The shell evaluates text: in `$((x))`, `x='a[$(program)]'` starts the program. Source: bash(1) ARITHMETIC EVALUATION
("the value of a variable is evaluated as an arithmetic expression"), Arrays ("subscript").
"""

import re

from rundown.shell.tree import Arithmetic, Inner, Parameter, Simple, Substitution, Word

INTEGER_PARAMETERS = frozenset(
    [
        "#",
        "?",
        "$",
        "!",
        "LINENO",
        "RANDOM",
        "SRANDOM",
        "SECONDS",
        "PPID",
        "UID",
        "EUID",
        "BASHPID",
        "EPOCHSECONDS",
        "OPTIND",
        "BASH_SUBSHELL",
        "HISTCMD",
    ]
)
"""Source: bash(1) "Special Parameters", "Shell Variables"."""
EVALUATED_WHEN_SET = frozenset(["RANDOM", "SRANDOM", "LINENO", "HISTCMD", "OPTIND", "SECONDS"])
"""These have the integer attribute from the start: what is assigned is evaluated. Source: bash 5.2, `variables.c`."""

MAX_COPIES = 30
"""How many variables a value may be copied through; and, for a whole text, how many look-ups are made."""
MAX_WORK = 100_000

_INTEGER = re.compile(r"[-+]?[0-9]*")
_INTEGER_REST = re.compile(r"[-+0-9\"']*")
_NUMBER = re.compile(r"[0-9]+#[A-Za-z0-9@_]+|0[xX][0-9A-Fa-f]+|[0-9]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPRESSION = re.compile(r"[A-Za-z0-9_\s+\-*/%<>=!~&|^?:,;()\[\]{}#@.\0]*")
_SET = re.compile(
    r"([A-Za-z_][A-Za-z0-9_]*+)\s*(?:\[[^\]]*\]\s*)?(?:=(?!=)|(?:[-+*/%&|^]|<<|>>)=|\+\+|--)"
    r"|(?:\+\+|--)\s*([A-Za-z_][A-Za-z0-9_]*)"
)
_COUNTS = {
    ("date", "+%s"),
    ("date", "+%Y"),
    ("date", "+%s%N"),
    ("nproc",),
    ("id", "-u"),
    ("id", "-g"),
    ("wc", "-l"),
    ("wc", "-c"),
}
"""Commands whose output is an integer, and nothing else. Source: date(1), nproc(1), id(1), wc(1) reading standard input."""


_UNDASHED = {
    ("pwd",), ("pwd", "-P"), ("mktemp",), ("mktemp", "-d"), ("nproc",), ("whoami",), ("uname",), ("uname", "-m"),
    ("uname", "-s"), ("id", "-u"), ("git", "branch", "--show-current"), ("git", "rev-parse", "--short", "HEAD"),
    ("git", "rev-parse", "--show-toplevel"), ("git", "rev-parse", "--abbrev-ref", "HEAD"),
}  # fmt: skip
"""Commands whose output begins with no dash. Source: pwd(1), mktemp(1), uname(1), git-check-ref-format(1)."""
_ABSOLUTE = frozenset(["HOME", "PWD", "TMPDIR", "TMP", "TEMP", "RD_RUN_ID", "RD_STEP"])
"""Variables that the shell or rundown gives an absolute path or an identifier."""


class Values:
    """All assignments of a text, wherever they stand. `closed`: there are no more to come, so answers are kept.
    `undashed`: variables from outside whose values begin with no dash."""

    def __init__(self, undashed: frozenset[str] = frozenset()) -> None:
        self.words: dict[str, list[Word]] = {}
        self.integers: set[str] = set()
        self.others: set[str] = set()
        self.evaluated: set[str] = set()
        self.references: set[str] = set()
        self.redefined: set[str] = set()
        self.arrays: set[str] = set()
        self.work = 0
        self.closed = False
        self.known: dict[str, bool] = {}
        self.unset_arrays: set[str] = set()
        self.undashed_names = _ABSOLUTE | undashed

    def give(self, name: str, word: Word) -> None:
        """A variable is given that word's value."""
        self.words.setdefault(name, []).append(word)

    def is_given(self, name: str) -> bool:
        """Whether the text gives the variable any value."""
        return name in self.words or name in self.others or name in self.integers

    def appended(self, name: str) -> None:
        """Text is added to a variable's value: digits stay digits, and no part may hold what the whole may not."""
        self.integers.add(name)

    def operand(self, name: str, part: Parameter) -> None:
        """A variable is given the operand of `${name:=…}`."""
        plain = not part.inner and not set(part.operand) & set("'\"\\")
        if plain:
            self.give(name, Word(start=part.start, end=part.end, raw=part.operand, value=part.operand))
        else:
            self.others.add(name)

    def integer_name(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether every value that the text gives to `name` is an integer, and there is one."""
        known = self.known.get(name)
        if known is None:
            known = self._integer_name(name, seen)
            if self.closed and not seen:
                self.known[name] = known
        return known

    def _integer_name(self, name: str, seen: frozenset[str]) -> bool:
        self.work += 1
        if name in self.others or name in self.references or len(seen) > MAX_COPIES or self.work > MAX_WORK:
            return False
        if name in seen:
            return True
        words = self.words.get(name, ())
        self.work += len(words)
        if not words and name not in self.integers and name not in INTEGER_PARAMETERS:
            return False
        inside = seen | {name}
        evaluated = name in self.evaluated
        return all(
            self.integer_word(word, inside) or (evaluated and self.integer_result(word, inside))
            for word in words
        )

    def integer_result(self, word: Word, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the word can be evaluated, and nothing is started by that."""
        return self.integer_word(word, seen) or self.harmless(expression(word), seen)

    def integer_word(self, word: Word, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the word's value is an integer or nothing."""
        if word.value is not None:
            return _INTEGER.fullmatch(word.value.strip()) is not None
        rest = _rest(word)
        return (
            rest is not None
            and _INTEGER_REST.fullmatch(rest) is not None
            and all(self.integer_inner(inner, seen) for inner in word.inner)
        )

    def integer_inner(self, inner: Inner, seen: frozenset[str] = frozenset()) -> bool:
        """Whether an expansion's result is an integer or nothing."""
        if isinstance(inner, Arithmetic):
            return not inner.subscript
        if isinstance(inner, Substitution):
            return self.counts(inner)
        if inner.indirect:
            return False
        if inner.operator == "length":
            return True
        if inner.operator in ("", "#", "##", "%", "%%"):
            return self.integer_name(inner.name, seen)
        if inner.operator in (":-", "-", ":=", "=", ":+", "+"):
            return self.integer_name(inner.name, seen) and _INTEGER.fullmatch(inner.operand) is not None
        return inner.operator in ("?", ":?") and self.integer_name(inner.name, seen)

    def counts(self, inner: Substitution) -> bool:
        """Whether a substitution is one command whose output is an integer."""
        if len(inner.script.items) != 1 or not isinstance(inner.script.items[0].command, Simple):
            return False
        command = inner.script.items[0].command
        values = tuple(word.value or "" for word in command.words)
        return not command.assignments and values in _COUNTS and values[0] not in self.redefined

    def tame_name(self, name: str, signs: str = "[", seen: frozenset[str] = frozenset()) -> bool:
        """Whether no value that the text gives to `name` can hold one of `signs`, and there is one."""
        self.work += 1
        if name in self.others or name in self.references or len(seen) > MAX_COPIES or self.work > MAX_WORK:
            return False
        if name in seen:
            return True
        words = self.words.get(name, ())
        self.work += len(words)
        if not words and name not in self.integers and name not in INTEGER_PARAMETERS:
            return False
        return all(self.tame_word(word, signs, seen | {name}) for word in words)

    def tame_word(self, word: Word, signs: str = "[", seen: frozenset[str] = frozenset()) -> bool:
        """Whether the word's value can hold none of `signs`: a subscript, or what cuts it in two."""
        if word.value is not None:
            return not set(signs) & set(word.value)
        rest = _rest(word)
        return (
            rest is not None
            and not set(rest) & set(signs + "[\\$*?`")
            and all(self._tame_inner(inner, signs, seen) for inner in word.inner)
        )

    def _tame_inner(self, inner: Inner, signs: str, seen: frozenset[str]) -> bool:
        if self.integer_inner(inner, seen):
            return True
        if not isinstance(inner, Parameter) or inner.indirect or (inner.operand and inner.inner):
            return False
        plain = not inner.operator or (
            inner.operator in (":-", "-", ":+", "+") and not set(signs) & set(inner.operand)
        )
        return plain and self.tame_name(inner.name, signs, seen)

    def optionless(self, word: Word) -> bool:
        """Whether the word, however it is cut, surely holds no word that begins with a dash."""
        if word.value is not None:
            return re.search(r"(?:^|\s)-", word.value) is None
        rest = _rest(word)
        return (
            rest is not None
            and not set(rest) & set("\\$*?[`{")
            and all(
                isinstance(inner, Parameter)
                and not inner.operator
                and inner.name not in self.others
                and inner.name not in self.integers
                and bool(self.words.get(inner.name))
                and all(
                    given.value is not None and self.optionless(given) for given in self.words[inner.name]
                )
                for inner in word.inner
            )
        )

    def undashed(self, word: Word) -> bool:
        """Whether the word is one word that surely does not begin with a dash."""
        return not word.splits and self._begins_well(word)

    def _begins_well(self, word: Word, seen: frozenset[str] = frozenset()) -> bool:
        if word.value is not None or word.prefix:
            return word.prefix[:1] not in ("", "-")
        first = min(word.inner, key=lambda inner: inner.start, default=None)
        rest = _rest(word)
        if first is None or rest is None or rest.strip("\"'")[:1] == "-" or first.start > word.start + 1:
            return False
        if isinstance(first, Substitution):
            return self._prints_no_dash(first)
        return isinstance(first, Parameter) and self._holds_no_dash(first, seen)

    def may_begin(self, word: Word, starts: tuple[str, ...]) -> bool:
        """Whether what is known of the word's first expansion leaves it open that it begins with one of these."""
        first = min(word.inner, key=lambda inner: inner.start, default=None)
        if not isinstance(first, Parameter):
            return first is None
        given = self.words.get(first.name, ())
        if not given:
            return first.name not in _ABSOLUTE
        return any(item.value is None or item.value.startswith(starts) for item in given)

    def _holds_no_dash(self, inner: Parameter, seen: frozenset[str]) -> bool:
        if inner.indirect or inner.operator not in ("", "?", ":?") or inner.name in self.references:
            return False
        given = self.words.get(inner.name, ())
        if inner.name in self.others or inner.name in self.integers:
            return False
        known = inner.name in self.undashed_names
        self.work += 1 + len(given)
        return (
            self.work < MAX_WORK
            and inner.name not in seen
            and len(seen) < MAX_COPIES
            and (known or bool(given))
            and all(self._begins_well(word, seen | {inner.name}) for word in given)
        )

    def _prints_no_dash(self, inner: Substitution) -> bool:
        """Whether a substitution is one command whose output begins with no dash."""
        if len(inner.script.items) != 1 or not isinstance(inner.script.items[0].command, Simple):
            return False
        command = inner.script.items[0].command
        texts = tuple(word.value or "" for word in command.words)
        if command.assignments or not texts or texts[0] in self.redefined:
            return False
        if texts in _UNDASHED:
            return True
        if texts[:2] == ("git", "rev-parse"):
            # what it cannot resolve it prints as it is
            return all(text == "--verify" or text[:1] not in ("", "-") for text in texts[2:])
        return texts[0] == "date" and len(texts) == 2 and re.match(r"\+[^-]", texts[1]) is not None

    def harmless(self, part: Arithmetic, seen: frozenset[str] = frozenset()) -> bool:
        """Whether evaluating the expression can start nothing: all that it reads are integers."""
        if part.subscript and part.bare in ("@", "*"):
            return True
        if part.bare.count("\0") != len(part.inner) or _EXPRESSION.fullmatch(part.bare) is None:
            return False
        names = set(_NAME.findall(_NUMBER.sub(" ", part.bare)))
        return all(self.integer_name(name, seen) for name in names) and all(
            self.integer_inner(inner, seen) for inner in part.inner
        )


def assigned_names(bare: str) -> tuple[str, ...]:
    """Returns the names that an expression sets. What they get is an integer."""
    return tuple(first or second for first, second in _SET.findall(bare))


def read_names(bare: str) -> tuple[str, ...]:
    """Returns all names in an expression."""
    return tuple(_NAME.findall(_NUMBER.sub(" ", bare)))


def expression(word: Word) -> Arithmetic:
    """Returns the word as the expression that the shell will evaluate. What is not certain becomes a lone NUL."""
    if word.value is not None:
        return Arithmetic(start=word.start, end=word.end, bare=word.value)
    rest = _rest(word, "\0")
    if rest is None or "\\" in rest or "$" in rest or "`" in rest or (word.splits and not word.inner):
        return Arithmetic(start=word.start, end=word.end, bare="\0")
    bare = rest.replace('"', "").replace("'", "")
    return Arithmetic(start=word.start, end=word.end, bare=bare, inner=word.inner)


def _rest(word: Word, mark: str = "") -> str | None:
    if len(word.raw) != word.end - word.start:
        return None
    pieces: list[str] = []
    position = word.start
    for inner in word.inner:
        if inner.start < position or inner.end > word.end:
            return None
        pieces.append(word.raw[position - word.start : inner.start - word.start] + mark)
        position = inner.end
    pieces.append(word.raw[position - word.start :])
    return "".join(pieces)
