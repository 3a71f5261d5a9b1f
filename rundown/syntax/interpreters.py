"""Shells and interpreters: which of their words are code, and when they read code from standard input.

Source: bash(1) INVOCATION, dash(1), python(1), perlrun(1), ruby(1), node(1), awk(1p), sed(1), psql(1).
"""

from collections.abc import Sequence

from msgspec import Struct


class Word(Struct, frozen=True, kw_only=True):
    """A word of a command. `text` None: it holds an expansion, and begins with the literal `prefix`."""

    text: str | None
    prefix: str = ""


class Code(Struct, frozen=True, kw_only=True):
    """What of a command is code: indexes of words, and whether its standard input is."""

    words: frozenset[int] = frozenset()
    stdin: bool = False


class Interpreter(Struct, frozen=True, kw_only=True):
    """`letters`: an option that ends with one of them, or is one of `long`, is followed by code. `valued`:
    followed by something else; `files`: by the name of a file of code. `operand`: without those, the first
    operand is code itself. `reads`: without any of it, standard input is code. `ends`: behind the code there
    are arguments only, no further options."""

    letters: str
    long: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    operand: bool = False
    reads: bool = True
    ends: bool = False

    def takes_code(self, option: str) -> bool:
        """Tells whether the word behind `option` is code."""
        short = option[:1] == "-" and option[1:2] != "-" and len(option) > 1
        return option in self.long or (short and option[-1] in self.letters)


_SHELL_VALUED = ("--rcfile", "--init-file")
_PERL = Interpreter(letters="eE", valued=("-I", "-M"))
_NODE = Interpreter(letters="ep", long=("--eval", "--print"), valued=("-r", "--require", "--import"))
_FILES = ("-f", "--file")
_AWK = Interpreter(
    letters="e", long=("--source",), valued=("-v", "-F", "--assign"), files=_FILES, operand=True, reads=False
)
_SQL = Interpreter(
    letters="ce",
    long=("--command", "--execute"),
    valued=("-h", "-U", "-d", "-p", "-P", "-u", "-D"),
    files=_FILES,
)
_EDITOR = Interpreter(letters="c", long=("--cmd",), reads=False)
INTERPRETERS = {
    "python": Interpreter(letters="c", valued=("-W", "-X"), ends=True),
    "perl": _PERL,
    "ruby": _PERL,
    "node": _NODE,
    "nodejs": _NODE,
    "php": Interpreter(letters="rBRE", valued=("-d",), files=_FILES),
    "lua": Interpreter(letters="e", valued=("-l",)),
    "awk": _AWK,
    "gawk": _AWK,
    "mawk": _AWK,
    "sed": Interpreter(letters="e", long=("--expression",), files=_FILES, operand=True, reads=False),
    "vim": _EDITOR,
    "nvim": _EDITOR,
    "ex": _EDITOR,
    "gdb": Interpreter(letters="x", long=("--eval-command",), reads=False),
    "expect": Interpreter(letters="c", files=_FILES),
    "pwsh": Interpreter(letters="c", long=("-Command", "-command"), files=("-File",)),
    "osascript": _PERL,
    "julia": Interpreter(letters="eE"),
    "Rscript": Interpreter(letters="e"),
    "R": Interpreter(letters="e", files=_FILES),
    "mongosh": Interpreter(letters="", long=("--eval",), files=_FILES),
    "psql": _SQL,
    "mysql": _SQL,
    "mariadb": _SQL,
}


def read_shell(words: Sequence[Word]) -> Code:
    """`sh [options] -c SCRIPT [name arg…]`, `sh FILE arg…`, `sh -s arg…`."""
    unknown: set[int] = set()
    index, script, reads = 1, False, False
    while index < len(words):
        text = words[index].text
        if text is None and words[index].prefix[:1] in ("", "-", "+"):
            unknown.add(index)
        elif text is None or text == "--" or text[:1] not in ("-", "+"):
            index += text == "--"
            own = () if (reads and not script) or index >= len(words) else (index,)
            return Code(words=frozenset((*unknown, *own)), stdin=not script and (reads or not own))
        elif text[:2] == "--":
            index += text in _SHELL_VALUED
        else:
            reads = reads or (text[0] == "-" and "s" in text)
            script = script or (text[0] == "-" and "c" in text)
            index += text.count("o") + text.count("O")
        index += 1
    return Code(words=frozenset(unknown), stdin=not script)


def read_interpreter(kind: Interpreter, words: Sequence[Word]) -> Code:
    """Returns what of an interpreter's words is code; a word that is not literal may be any option."""
    code: set[int] = set()
    index, given = 1, False
    while index < len(words):
        text = words[index].text
        if text is None and words[index].prefix[:1] in ("", "-"):
            code.add(index)
        elif text is not None and kind.takes_code(text):
            index, given = index + 1, True
            code.add(index)
            if kind.ends:
                break
        elif text == "--":
            if kind.operand and not given:
                code.add(index + 1)
            given = given or index + 1 < len(words)
            break
        elif text in kind.files:
            index, given = index + 1, True
        elif text in kind.valued:
            index += 1
        elif text is None or text[:1] != "-":
            if kind.operand and not given:
                code.add(index)
            return Code(words=frozenset(code))
        index += 1
    return Code(words=frozenset(code), stdin=kind.reads and not given)
