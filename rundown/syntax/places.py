"""Where in a shell text each placeholder stands, found by parsing: as data, as a number, or as syntax.

Each placeholder is read as `${__rd_N}`. Where the parser finds that expansion, a value can be data; where it
finds none (single quotes, comments) or an expansion whose value would be evaluated (a command's name, the
script of a nested `-c`), only a plain word can stand. A text that cannot be parsed has no data places.
"""

import re
from enum import Enum
from typing import Literal, assert_never

import tree_sitter_bash
from msgspec import Struct
from msgspec.structs import replace
from tree_sitter import Language, Node, Parser

from rundown.syntax.command_words import EVALUATED_VARIABLES, code_in
from rundown.syntax.started import started
from rundown.syntax.template import Placeholder, placeholders
from rundown.syntax.tree_words import ancestor, commands_in, end_word, has_array, text_of, words_of

Dialect = Literal["bash", "sh"]


class Kind(Enum):
    """What may stand at a placeholder's place."""

    WORD = "an unquoted word: the reference gets quotes"
    QUOTED = "inside double quotes or a here-document: the reference alone"
    INTEGER = "an arithmetic expression: an integer"
    OPTION_INTEGER = "a word that is evaluated as arithmetic: an integer"
    PLAIN = "syntax: a plain word"
    NEVER = "nothing"


class Place(Struct, frozen=True, kw_only=True):
    """A placeholder and what may stand there; `reason` says why it is not just data.

    `end_line`: it stands in a here-document that a line of this text would end.
    """

    placeholder: Placeholder
    kind: Kind
    reason: str = ""
    end_line: str | None = None


MAX_LENGTH = 1024 * 1024
_STOPS = ("command_substitution", "process_substitution")
_COMPARISONS = ("-eq", "-ne", "-lt", "-le", "-gt", "-ge")
_DECLARES = re.compile(rb"\b(?:declare|typeset|local|export|readonly)\b")
_EVALUATING_FLAG = re.compile(rb"\s-[A-Za-z]*[in]")
_ELEMENT = re.compile(rb"\[[A-Za-z0-9_.-]+\]\+?=")
_SUBSTRING = re.compile(rb"\$\{[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?:(?![-=?+])")
_PATTERN = re.compile(rb"\$\{!?[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?(?::?[-=?+]|##?|%%?|//?)")


def locate(text: str, dialect: Dialect) -> tuple[Place, ...]:
    """Returns the place of every placeholder of `text`, from left to right."""
    found = list(placeholders(text))
    return _Locator(text, found, dialect).places() if found else ()


def reference(index: int) -> str:
    """Returns the reference that stands for placeholder number `index` while a text is parsed."""
    return f"${{__rd_{index}}}"


class _Locator:
    def __init__(self, text: str, found: list[Placeholder], dialect: Dialect) -> None:
        self._text = text
        self._bash = dialect == "bash"
        self._found = found
        parts: list[str] = []
        self._starts: list[int] = []
        at = length = 0
        for index, item in enumerate(found):
            before = text[at : item.start]
            length += len(before.encode("utf-8", "surrogatepass"))
            self._starts.append(length)
            parts += [before, reference(index)]
            length += len(reference(index))
            at = item.end
        self._source = "".join([*parts, text[at:]]).encode("utf-8", "surrogatepass")
        self._root = Parser(Language(tree_sitter_bash.language())).parse(self._source).root_node
        self._evaluates = _declares_evaluating(self._source)
        self._fed: dict[int, bool] = {}
        self._end_line: str | None = None

    def places(self) -> tuple[Place, ...]:
        places = [self._place(index, item) for index, item in enumerate(self._found)]
        data = {index for index, place in enumerate(places) if place.kind in (Kind.WORD, Kind.QUOTED)}
        if not data:
            return tuple(places)
        code = started(self._probe(places), "bash" if self._bash else "sh")
        reason = (
            "in a block whose shell syntax cannot be read" if code is None else "as what a program starts"
        )
        for index in data if code is None else data & code:
            places[index] = replace(places[index], kind=Kind.PLAIN, reason=reason)
        return tuple(places)

    def _probe(self, places: list[Place]) -> str:
        """Returns the text as it would be bound, with a plain word or 1 where no reference can stand."""
        parts: list[str] = []
        at = 0
        for index, place in enumerate(places):
            parts.append(self._text[at : place.placeholder.start])
            at = place.placeholder.end
            match place.kind:
                case Kind.WORD:
                    parts.append(f'"{reference(index)}"')
                case Kind.QUOTED:
                    parts.append(reference(index))
                case Kind.INTEGER | Kind.OPTION_INTEGER:
                    parts.append("1")
                case Kind.PLAIN | Kind.NEVER:
                    parts.append("v")
                case _:
                    assert_never(place.kind)
        return "".join([*parts, self._text[at:]])

    def _place(self, index: int, item: Placeholder) -> Place:
        self._end_line = None
        kind, reason = self._judge(index, item)
        return Place(placeholder=item, kind=kind, reason=reason, end_line=self._end_line)

    def _judge(self, index: int, item: Placeholder) -> tuple[Kind, str]:
        behind = item.start
        while behind and self._text[behind - 1] == "\\":
            behind -= 1
        if (item.start - behind) % 2:
            return Kind.NEVER, "behind a backslash"
        if self._text[item.start - 1 : item.start] == "$":
            return Kind.NEVER, "behind a `$`"
        if self._root.has_error or len(self._source) > MAX_LENGTH:
            return Kind.PLAIN, "in a block whose shell syntax cannot be read"
        start = self._starts[index]
        node = self._root.descendant_for_byte_range(start, start + len(reference(index)))
        if node is None:
            return Kind.PLAIN, "where it cannot be told what it is"
        if node.type != "expansion" or node.start_byte != start:
            return self._hidden(node)
        return self._visible(node)

    def _hidden(self, node: Node) -> tuple[Kind, str]:
        """A place where the parser sees no expansion."""
        if node.type in ("heredoc_body", "heredoc_content"):
            opening = end_word(node)
            if not re.search(r"['\"\\]", opening):
                return self._roles(node, Kind.QUOTED)
            self._end_line = re.sub(r"['\"\\]", "", opening)
            return Kind.PLAIN, "in a here-document whose end is quoted"
        names = {
            "raw_string": "inside single quotes",
            "ansi_c_string": "inside `$'…'`",
            "comment": "in a comment",
        }
        return Kind.PLAIN, names.get(node.type, "as part of the shell's own syntax")

    def _visible(self, node: Node) -> tuple[Kind, str]:
        kind = Kind.WORD
        inner: Node = node
        outer = node.parent
        while outer is not None and outer.type not in (*_STOPS, "heredoc_body"):
            settled = self._inside(inner, outer)
            if settled is not None:
                return settled
            if outer.type == "string":
                kind = Kind.QUOTED
            inner, outer = outer, outer.parent
        if outer is not None and outer.type == "heredoc_body":
            kind = Kind.QUOTED
        if outer is not None and outer.type == "command_substitution":
            if text_of(outer).startswith(b"`"):
                return Kind.PLAIN, "inside backquotes"
            if text_of(outer).startswith(b"$(("):
                return Kind.INTEGER, "in arithmetic"
        return self._roles(node, kind)

    def _inside(self, inner: Node, outer: Node) -> tuple[Kind, str] | None:
        """What `outer` makes of a value right in it; None if nothing special."""
        if outer.type == "string" and self._source[outer.start_byte - 1 : outer.start_byte] == b"$":
            return Kind.PLAIN, 'inside `$"…"`'
        if outer.type in ("arithmetic_expansion", "c_style_for_statement", "subscript"):
            body = outer.type == "c_style_for_statement" and inner.type == "do_group"
            return None if body else (Kind.INTEGER, "in arithmetic")
        if outer.type == "compound_statement" and text_of(outer).startswith(b"(("):
            if not self._bash:
                return Kind.PLAIN, "as a command: `((…))` is arithmetic in bash only"
            return Kind.INTEGER, "in arithmetic"
        if outer.type == "expansion":
            return self._in_expansion(outer)
        if outer.type == "array" and text_of(inner).startswith(b"[") and not _ELEMENT.match(text_of(inner)):
            return Kind.PLAIN, "in an element of an array that may be a subscript"
        if outer.type in ("binary_expression", "unary_expression", "test_command"):
            return self._in_test(inner, outer)
        return None

    def _in_expansion(self, outer: Node) -> tuple[Kind, str] | None:
        text = text_of(outer)
        if _SUBSTRING.match(text):
            return Kind.INTEGER, "in arithmetic"
        if not _PATTERN.match(text):
            return Kind.PLAIN, "inside `${…}`"
        return None

    def _in_test(self, inner: Node, outer: Node) -> tuple[Kind, str] | None:
        test = outer if outer.type == "test_command" else ancestor(outer, "test_command")
        signs = [child for child in outer.children if child.type in ("test_operator", *_COMPARISONS)]
        operators = [text_of(child).decode("utf-8", "replace") for child in signs]
        if any(word in ("-v", "-R") for word in operators):
            return Kind.PLAIN, "as the name of a variable"
        if (
            test is not None
            and text_of(test).startswith(b"[[")
            and any(word in _COMPARISONS for word in operators)
        ):
            return Kind.OPTION_INTEGER, "in arithmetic"
        if outer.type == "test_command" and inner.type == "concatenation" and len(outer.named_children) > 1:
            return Kind.PLAIN, "as an operator of a test"
        return None

    def _roles(self, node: Node, kind: Kind) -> tuple[Kind, str]:
        """What the commands around a value make of it, at every level up to the whole text."""
        inner: Node = node
        outer = node.parent
        while outer is not None:
            settled = self._role(inner, outer)
            if settled is not None:
                return settled
            inner, outer = outer, outer.parent
        return kind, ""

    def _role(self, inner: Node, outer: Node) -> tuple[Kind, str] | None:
        if outer.type == "command_name":
            return Kind.PLAIN, "as a command"
        if outer.type == "command":
            return self._in_command(inner, outer)
        if outer.type == "variable_assignment":
            name = re.match(r"\w*", text_of(outer).decode("utf-8", "replace"))
            if self._evaluates or (name is not None and name[0] in EVALUATED_VARIABLES):
                return Kind.PLAIN, "assigned to a variable whose value is evaluated"
            return None
        if outer.type == "for_statement" and self._evaluates and inner.type != "do_group":
            return Kind.PLAIN, "assigned to a variable whose value is evaluated"
        if outer.type == "declaration_command":
            flags = [text_of(child) for child in outer.children if child.type == "word"]
            evaluated = rb"-[A-Za-z]*[in]" if has_array(inner) else rb"-[A-Za-z]*[aAin]"
            if inner.type != "variable_assignment" or any(re.match(evaluated, flag) for flag in flags):
                return Kind.PLAIN, "as a name, or a value that is evaluated"
        if outer.type == "unset_command":
            return Kind.PLAIN, "as the name of a variable"
        if outer.type in ("pipeline", "redirected_statement") and self._feeds_code(outer):
            return Kind.PLAIN, "in what a nested shell or interpreter reads as its script"
        return None

    def _in_command(self, inner: Node, command: Node) -> tuple[Kind, str] | None:
        words, nodes = words_of(command)
        code = code_in(words)
        name = words[0].text if words else None
        if inner.type == "herestring_redirect":
            return (Kind.PLAIN, f"in the script that `{name}` reads") if code.stdin else None
        for index, argument in enumerate(nodes):
            if argument.start_byte <= inner.start_byte and inner.end_byte <= argument.end_byte:
                if name == "let":
                    return Kind.OPTION_INTEGER, "in arithmetic"
                if index in code.words or (name in ("source", ".") and inner.type in _STOPS):
                    return Kind.PLAIN, f"where `{name or 'the command'}` takes code, a name or a command"
        return None

    def _feeds_code(self, node: Node) -> bool:
        if node.id not in self._fed:
            self._fed[node.id] = any(code_in(words_of(command)[0]).stdin for command in commands_in(node))
        return self._fed[node.id]


def _declares_evaluating(source: bytes) -> bool:
    """Tells whether a variable is declared as integer or name reference: assigning to it evaluates."""
    for part in re.split(rb"[\n;&|]", source):
        found = _DECLARES.search(part)
        if found is not None and _EVALUATING_FLAG.search(part, found.end()):
            return True
    return False
