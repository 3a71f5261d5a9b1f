"""What is worth saying of a shell block before it runs: it cannot be read, only its last command decides,
what it sets up is lost, it will not see the host, or a placeholder stands where a value cannot.
"""

import re
from collections.abc import Iterator

import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Language, Node, Parser

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.request import Capability
from rundown.model.runbook import CommandBody, Runbook, Step
from rundown.shell.extract import extract
from rundown.syntax.binding import advice, is_plain
from rundown.syntax.codes import Code
from rundown.syntax.names import PLAIN_BUILT_INS, Declared, declared
from rundown.syntax.places import Kind, Place, locate
from rundown.syntax.source import Source
from rundown.syntax.template import PLACEHOLDER, render_value

HOST_COMMANDS = {
    "ps": "pid",
    "pgrep": "pid",
    "pstree": "pid",
    "top": "pid",
    "ss": "net",
    "netstat": "net",
    "systemctl": "systemd",
    "journalctl": "journal",
    "sudo": "unconfined",
}
_ERREXIT = re.compile(r"^\s*(?:set\s+-[a-zA-Z]*e|set\s+-o\s+errexit)", re.MULTILINE)
_HARMLESS = frozenset(("echo", "printf", "true", ":", "set", "shopt", "trap", "sleep", "wait"))
_OUTSIDE = re.compile(r"/(?!tmp/|dev/)|~|\.\.(?:/|$)")


class _Block(Struct, frozen=True, kw_only=True):
    """`text` is the body's with every placeholder as a word of the same length, `root` its tree."""

    step: Step
    body: CommandBody
    text: str
    root: Node
    source: Source

    def span(self, start: int, end: int) -> Span:
        """Returns the place in the document of the characters `start` up to before `end`, on one line."""
        row = self.text.count("\n", 0, start)
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", first)
        last = last if last >= 0 else len(self.text)
        line = min(self.body.span.line + row, len(self.source.lines) - 1)
        indent = max(self.source.lines[line].find(self.body.text[first:last]), 0)
        return self.source.span(line, indent + start - first + 1, min(end, last) - start)

    def span_of(self, node: Node) -> Span:
        """Returns the place in the document of a node's first line."""
        encoded = self.text.encode("utf-8", "replace")
        start = len(encoded[: node.start_byte].decode("utf-8", "replace"))
        return self.span(start, start + len((node.text or b"").decode("utf-8", "replace")))


def check_blocks(book: Runbook, source: Source, report: list[Diagnostic]) -> None:
    """Reports what there is to say of every shell block of `book`."""
    notes = _Notes(book, source, report)
    for step, body in _bodies(book):
        notes.check(step, body)
    notes.finish()


def _bodies(book: Runbook) -> Iterator[tuple[Step, CommandBody]]:
    for step in book.steps:
        bodies = [step.body, *(substep.body for substep in step.substeps)]
        yield from ((step, body) for body in bodies if isinstance(body, CommandBody))


class _Notes:
    def __init__(self, book: Runbook, source: Source, report: list[Diagnostic]) -> None:
        self._source = source
        self._report = report
        self._errexit = book.front.shell.errexit
        self._declared = declared(book)
        self._parser = Parser(Language(tree_sitter_bash.language()))
        self._undecided: list[Span] = []

    def check(self, step: Step, body: CommandBody) -> None:
        text = PLACEHOLDER.sub(lambda found: "v" * len(found[0]), body.text)
        root = self._parser.parse(text.encode("utf-8", "replace")).root_node
        block = _Block(step=step, body=body, text=text, root=root, source=self._source)
        self._extracted(block)
        if not root.has_error:
            self._errors_lost(block)
            self._lost_at_end(block)
            self._needs_host(block)
        if text != body.text:
            for place in locate(body.text, body.language):
                self._place(block, place)

    def finish(self) -> None:
        if not self._undecided:
            return
        count = f" (in {len(self._undecided)} blocks)" if len(self._undecided) > 1 else ""
        self._report.append(
            Code.NO_ERREXIT.at(
                self._undecided[0],
                f"several commands, and only the last one decides{count}",
                why="a shell goes on after a command that failed",
                fix="write `shell: {errexit: true}` in the front matter, `set -e` here, or join with `&&`",
            )
        )

    def _extracted(self, block: _Block) -> None:
        extraction = extract(block.text, block.body.language)
        if extraction.unparseable is not None:
            self._report.append(
                Code.UNREADABLE_SHELL.at(
                    block.body.span,
                    f"this block cannot be read for what it runs: {extraction.unparseable}",
                    why="it will be asked for as a whole, or denied",
                    fix="write it more plainly, or move it into a script file and run that",
                )
            )
        outside = [
            item.resource
            for item in extraction.operations
            if item.capability is Capability.WRITE and _OUTSIDE.match(item.resource)
        ]
        if outside:
            self._report.append(
                Code.UNREADABLE_SHELL.at(
                    block.body.span,
                    f"this block writes outside the project: {', '.join(dict.fromkeys(outside))}",
                    why="it will be asked for, or denied",
                    fix=f"write into the project, or allow it: --allow-write {outside[0]}",
                )
            )

    def _errors_lost(self, block: _Block) -> None:
        if self._errexit or _ERREXIT.search(block.text):
            return
        statements = [node for node in block.root.named_children if node.type != "comment"]
        if any(_can_fail(node) for node in statements[:-1]):
            self._undecided.append(block.span_of(statements[0]))

    def _lost_at_end(self, block: _Block) -> None:
        statements = [node for node in block.root.named_children if node.type != "comment"]
        if not statements:
            return
        last = statements[-1]
        while last.type == "list" and last.named_children:
            last = last.named_children[-1]
        word = (last.text or b"").split(None, 1)[:1]
        if word and word[0] in (b"cd", b"export") and last.type in ("command", "declaration_command"):
            name = word[0].decode()
            self._report.append(
                Code.LOST_AT_END.at(
                    block.span_of(last),
                    f"`{name}` at the end of a block does not outlive the step",
                    why="every block is a shell of its own",
                    fix="write `cwd=DIR` behind the language of the next block"
                    if name == "cd"
                    else "hand the value on with `- OUTPUTS`, or set it in the block that needs it",
                )
            )

    def _needs_host(self, block: _Block) -> None:
        granted = block.body.options.host
        if "unconfined" in granted:
            return
        seen: set[str] = set()
        for node in _command_names(block.root):
            name = (node.text or b"").decode("utf-8", "replace").rpartition("/")[2]
            needed = HOST_COMMANDS.get(name)
            if needed is None or needed in granted or name in seen:
                continue
            seen.add(name)
            option = "unconfined" if needed == "unconfined" else f"host={needed}"
            self._report.append(
                Code.NEEDS_HOST.at(
                    block.span_of(node),
                    f"`{name}` will not see the host from inside the confinement",
                    fix=f"write ```{block.body.language} {option}; a person, or policy, must allow it",
                )
            )

    def _place(self, block: _Block, place: Place) -> None:
        name = place.placeholder.name
        if place.kind not in (Kind.PLAIN, Kind.NEVER):
            return
        span = block.span(place.placeholder.start, place.placeholder.end)
        path = place.placeholder.path
        if place.kind is Kind.NEVER or not self._declared.knows(name, block.step):
            self._report.append(
                Code.UNSAFE_PLACEHOLDER.at(
                    span,
                    f"`{{{{{path}}}}}` stands {place.reason}, where a value cannot be kept as data",
                    fix=advice(place),
                )
            )
        elif not _surely_plain(name, self._declared):
            self._report.append(
                Code.PLAIN_WORDS_ONLY.at(
                    span,
                    f"`{{{{{path}}}}}` stands {place.reason}: only a plain word can stand there",
                    why="a value with a blank or a quote in it will be refused when the step is to run",
                    fix=advice(place),
                )
            )


def _surely_plain(name: str, known: Declared) -> bool:
    """Tells whether a name's values are all plain words, as far as the document says."""
    item = known.inputs.get(name)
    if item is None:
        return name in PLAIN_BUILT_INS
    return bool(item.options) and all(is_plain(render_value(option)) for option in item.options)


def _command_names(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "command_name":
            yield node
        pending.extend(reversed(node.named_children))


def _can_fail(node: Node) -> bool:
    """Tells whether a statement's failure would matter and be lost if another follows."""
    if node.type in ("function_definition", "comment"):
        return False
    if node.type in ("variable_assignment", "variable_assignments", "declaration_command"):
        return any(child.type == "command_substitution" for child in node.named_children)
    if node.type == "list":
        return not re.search(rb"\b(?:exit|return|true)\b[^\n]*$", node.text or b"")
    name = node.child_by_field_name("name") if node.type == "command" else None
    return name is None or (name.text or b"").decode("utf-8", "replace") not in _HARMLESS
