"""Front matter: the YAML head of a document, decoded key by key, every problem with its line.

Informative keys of a wrong type are dropped with a warning; a bad value of a key that restrains the run
(`permissions`, `secrets`, `shell`, `timeout`, `on-denied`, `agent`) is an error, because dropping it would
let the run do more. Unknown keys are kept as they are.
"""

import re
from collections.abc import Callable

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import FrontMatter, ShellOptions
from rundown.syntax.codes import Code
from rundown.syntax.duration import parse_duration
from rundown.syntax.fence import AGENT_KINDS
from rundown.syntax.inputs import check_required, check_variable, read_inputs, read_vars
from rundown.syntax.scenarios import read_scenarios
from rundown.syntax.source import Source
from rundown.syntax.yaml_tree import Node, read_tree

_NAME = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_ -]*[A-Za-z0-9_-])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Head(Struct, frozen=True, kw_only=True):
    """The front matter, and the first line (0-based) that is not part of it."""

    front: FrontMatter
    body_line: int


def read_head(source: Source, report: list[Diagnostic]) -> Head:
    """Returns the front matter of `source`; one without any has only its name, from the file's."""
    end = _closing(source, report)
    if end is None:
        return Head(front=FrontMatter(name=_default_name(source.file)), body_line=0)
    tree = read_tree(source, 1, end)
    values: dict[str, object] = {"name": _default_name(source.file)}
    if isinstance(tree, Diagnostic):
        report.append(tree)
    elif tree is not None and tree.entries is None:
        report.append(
            Code.BAD_FRONT_MATTER.at(
                tree.span,
                "the front matter is no map of keys and values",
                fix="write `key: value` lines, or put an empty line above the first `---`",
            )
        )
    elif tree is not None:
        _Reader(values, report).read(tree)
    return Head(front=FrontMatter(**values), body_line=end + 1)  # type: ignore[arg-type]


def _closing(source: Source, report: list[Diagnostic]) -> int | None:
    """Returns the line that closes the front matter, None if there is none."""
    if source.lines[0].rstrip() != "---":
        return None
    for index, line in enumerate(source.lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            return index
    if len(source.lines) > 1 and re.match(r"[A-Za-z_-]+\s*:(\s|$)", source.lines[1]):
        report.append(
            Code.BAD_FRONT_MATTER.at(
                source.span(0, 1, 3), "the front matter never ends", fix="close it with a line `---`"
            )
        )
    return None


def _default_name(file: str) -> str:
    last = file.rstrip("/").rpartition("/")[2].strip("<>")
    for ending in (".runbook.md", ".markdown", ".md"):
        if last.lower().endswith(ending) and len(last) > len(ending):
            return last[: -len(ending)]
    return last or "runbook"


class _Reader:
    def __init__(self, values: dict[str, object], report: list[Diagnostic]) -> None:
        self._values = values
        self._report = report
        self._readers: dict[str, Callable[[str, Node], None]] = {
            "name": self._name,
            "description": self._text,
            "version": self._text,
            "author": self._text,
            "tags": self._texts,
            "outputs": self._outputs,
            "shell": self._shell,
            "on-denied": self._on_denied,
            "agent": self._agent,
            "timeout": self._timeout,
            "permissions": self._permissions,
            "secrets": self._secrets,
        }

    def read(self, tree: Node) -> None:
        nodes: dict[str, Node] = {}
        extra: dict[str, object] = {}
        for key, node in tree.entries or ():
            known = (key.text or "").lower().replace("_", "-")
            if known not in self._readers and known not in ("inputs", "vars", "required", "scenarios"):
                extra[key.text or ""] = node.value
            elif known in nodes:
                self._wrong(node, f"`{key.text}` is there twice", fix="keep one of them")
            else:
                nodes[known] = node
        for known, reader in self._readers.items():
            if known in nodes and not (nodes[known].value is None and nodes[known].text is not None):
                reader(known, nodes[known])
        self._values["extra"] = extra
        self._declared(nodes)

    def _declared(self, nodes: dict[str, Node]) -> None:
        inputs = read_inputs(nodes["inputs"], self._report) if "inputs" in nodes else ()
        if "vars" in nodes:
            inputs = read_vars(nodes["vars"], inputs, self._report)
        self._values["inputs"] = inputs
        if "required" in nodes:
            self._values["required"] = check_required(nodes["required"], inputs, self._report)
        if "scenarios" in nodes:
            self._values["scenarios"] = read_scenarios(nodes["scenarios"], self._report)

    def _dropped(self, key: str, node: Node, wanted: str) -> None:
        self._report.append(
            Code.WRONG_TYPE.at(node.span, f"`{key}` is ignored: it is not {wanted}", fix=f"write {wanted}")
        )

    def _wrong(self, node: Node, message: str, *, fix: str, why: str = "") -> None:
        self._report.append(Code.BAD_FRONT_MATTER.at(node.span, message, fix=fix, why=why))

    def _text(self, key: str, node: Node) -> None:
        if node.text is None:
            self._dropped(key, node, "a text")
        else:
            self._values[key] = node.text

    def _name(self, key: str, node: Node) -> None:
        if node.text is None or not _NAME.fullmatch(node.text):
            self._dropped(key, node, "a name of letters, digits, `_`, `-` and blanks inside")
        else:
            self._values[key] = node.text

    def _texts(self, key: str, node: Node) -> None:
        texts = [item.text for item in node.items or ()]
        if node.items is None or None in texts:
            self._dropped(key, node, "a list of texts")
        else:
            self._values[key] = tuple(texts)

    def _outputs(self, key: str, node: Node) -> None:
        if node.items is None or any(item.text is None for item in node.items):
            self._dropped(key, node, "a list of names, or of `'Name expression'`")
            return
        kept = []
        for item in node.items:
            name = (item.text or "").split(maxsplit=1)[:1]
            if check_variable(name[0] if name else "", item.span, self._report):
                kept.append((item.text or "").strip())
        self._values[key] = tuple(kept)

    def _shell(self, key: str, node: Node) -> None:
        options: dict[str, bool] = {}
        for name, value in node.entries or ():
            if name.text not in ("errexit", "nounset", "pipefail") or not isinstance(value.value, bool):
                self._wrong(
                    name,
                    f"`shell: {{{name.text}: {value.text or '…'}}}` means nothing",
                    fix="write `shell: {errexit: true, nounset: true, pipefail: true}`, or some of them",
                )
            else:
                options[name.text] = value.value
        if node.entries is None:
            self._wrong(node, "`shell` is no map", fix="write `shell: {errexit: true}`")
        self._values[key] = ShellOptions(**options)

    def _on_denied(self, key: str, node: Node) -> None:
        if node.text not in ("pause", "fail"):
            self._wrong(node, "`on-denied` is neither pause nor fail", fix="write `on-denied: fail`")
        else:
            self._values["on_denied"] = node.text

    def _agent(self, key: str, node: Node) -> None:
        if node.text not in AGENT_KINDS:
            self._wrong(
                node, f"`{node.text or '…'}` is no kind of agent", fix=f"choose from {', '.join(AGENT_KINDS)}"
            )
        else:
            self._values[key] = node.text

    def _timeout(self, key: str, node: Node) -> None:
        duration = parse_duration(node.text or "")
        if duration is None:
            self._wrong(
                node, f"`{node.text or '…'}` is no duration", fix="write e.g. `timeout: 30s`, `10m`, `1h30m`"
            )
        else:
            self._values["timeout_ns"] = duration

    def _permissions(self, key: str, node: Node) -> None:
        if node.entries is None:
            self._wrong(
                node, "`permissions` is no map", fix="write e.g. `permissions: {run: {allow: [kubectl]}}`"
            )
        else:
            self._values[key] = node.value

    def _secrets(self, key: str, node: Node) -> None:
        names = [item.text or "" for item in node.items or ()]
        bad = [name for name in names if not _VARIABLE.fullmatch(name)]
        if node.items is None or bad:
            self._wrong(node, "`secrets` is no list of names", fix="write e.g. `secrets: [DEPLOY_KEY]`")
        else:
            self._values[key] = tuple(dict.fromkeys(names))
