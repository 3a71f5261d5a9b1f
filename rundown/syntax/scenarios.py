"""Front matter `scenarios:`, decoded. A scenario that says nothing, or two things, is an error."""

from typing import Literal

from rundown.model.diagnostic import Diagnostic
from rundown.model.scenario import ExpectedEntry, ExpectedError, ExpectedStep, Result, Scenario
from rundown.syntax.codes import Code
from rundown.syntax.yaml_tree import Node

_RESULTS: dict[str, Result] = {"COMPLETE": "COMPLETE", "STOP": "STOP"}
_STEP_KEYS = {
    "runbook": "runbook",
    "at": "at",
    "from": "origin",
    "action": "action",
    "result": "result",
    "command": "command",
    "aggregated": "aggregated",
}
_ENTRY_KEYS = {"at": "at", "description": "description", "runbook": "runbook"}
_ERROR_KEYS = {"code": "code", "command": "command", "error": "error"}
_Key = Literal["steps", "entered", "errors"]


def read_scenarios(node: Node, report: list[Diagnostic]) -> tuple[Scenario, ...]:
    """Returns the scenarios in order; bad ones are reported and left out."""
    if node.entries is None:
        if node.value is not None:
            report.append(
                Code.WRONG_TYPE.at(
                    node.span,
                    "`scenarios` is ignored: it is not a map",
                    fix="write `scenarios: {name: {commands: […], result: COMPLETE}}`",
                )
            )
        return ()
    found = [_Reader(key, value, report).read() for key, value in node.entries]
    return tuple(item for item in found if item is not None)


class _Reader:
    def __init__(self, key: Node, node: Node, report: list[Diagnostic]) -> None:
        self._name = key.text or ""
        self._key = key
        self._parts = {part.text or "": value for part, value in node.entries or ()}
        expect = self._parts.get("expect")
        self._expect = {part.text or "": value for part, value in (expect.entries if expect else None) or ()}
        self._report = report
        self._good = True

    def read(self) -> Scenario | None:
        commands = self._texts("commands")
        if not commands:
            self._bad(
                self._key, "has no commands", fix='write `commands: ["rd run --prompted FILE", "rd pass"]`'
            )
        result, expected = self._result(self._parts), self._result(self._expect)
        if result and expected and result != expected:
            self._bad(
                self._expect["result"], f"says {result} and expects {expected}", fix="keep one of the two"
            )
        errors = self._table("errors", _ERROR_KEYS)
        if result is None and expected is None and not errors and self._good:
            self._bad(self._key, "expects nothing", fix="add `result: COMPLETE` or `result: STOP`")
        steps, entered = self._table("steps", _STEP_KEYS), self._table("entered", _ENTRY_KEYS)
        if not self._good:
            return None
        description = self._parts.get("description")
        return Scenario(
            name=self._name,
            commands=commands,
            result=result or expected,
            description=(description.text if description is not None else None) or "",
            tags=self._texts("tags"),
            steps=tuple(ExpectedStep(**row) for row in steps),  # type: ignore[arg-type]
            entered=tuple(ExpectedEntry(**row) for row in entered),  # type: ignore[arg-type]
            errors=tuple(ExpectedError(**row) for row in errors),  # type: ignore[arg-type]
        )

    def _bad(self, node: Node, message: str, *, fix: str) -> None:
        self._good = False
        self._report.append(Code.BAD_SCENARIO.at(node.span, f"scenario `{self._name}` {message}", fix=fix))

    def _texts(self, key: str) -> tuple[str, ...]:
        node = self._parts.get(key)
        if node is None:
            return ()
        if node.items is None or any(item.text is None for item in node.items):
            self._bad(node, f"has `{key}` that are no list of texts", fix=f"write `{key}: [a, b]`")
            return ()
        return tuple(item.text or "" for item in node.items)

    def _result(self, parts: dict[str, Node]) -> Result | None:
        node = parts.get("result")
        if node is None:
            return None
        result = _RESULTS.get(node.text or "")
        if result is None:
            self._bad(node, f"has the result `{node.text or '…'}`", fix="write COMPLETE or STOP")
        return result

    def _table(self, key: _Key, known: dict[str, str]) -> list[dict[str, object]]:
        node = self._expect.get(key)
        if node is None:
            return []
        if node.items is None or any(item.entries is None for item in node.items):
            self._bad(
                node, f"has `expect.{key}` that are no list of maps", fix=f"write `{key}: [{{…}}, {{…}}]`"
            )
            return []
        return [self._row(item, known) for item in node.items]

    def _row(self, item: Node, known: dict[str, str]) -> dict[str, object]:
        row: dict[str, object] = {}
        for name, value in item.entries or ():
            if name.text not in known:
                self._bad(name, f"has an unknown key `{name.text}`", fix=f"known: {', '.join(known)}")
            elif name.text == "aggregated":
                row["aggregated"] = value.value is True
            elif value.text is None:
                self._bad(value, f"has a `{name.text}` that is no text", fix="write a text, in quotes")
            else:
                row[known[name.text]] = value.text
        return row
