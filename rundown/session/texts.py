"""A unit's texts with their templates filled in: shown as text, run as data.

A value in a script is never part of the script: it travels in a private variable (docs/format.md,
"Variables and templates").
"""

import json
import re
import shlex
from typing import Literal

from msgspec import Struct

from rundown.session.values import Values
from rundown.syntax.binding import bind_script, is_plain
from rundown.syntax.template import expand_text, placeholders

_QUOTED = re.compile(r"""(["'])(.*)\1\Z""", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MOST_BYTES = 128 * 1024
"""Of one variable, its name included. Source: execve(2), MAX_ARG_STRLEN."""


class BoundText(Struct, frozen=True, kw_only=True):
    """What will run, the values it refers to by private name, or why it cannot run. `shown`: the same with
    the values filled in, for people, without secret ones. `references`: those of the request."""

    text: str
    shown: str = ""
    values: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    problem: str = ""


class Texts:
    """Fills in the templates of one place of a run. Values of `secret` names are data for scripts, and
    nothing else."""

    def __init__(self, values: Values, secret: frozenset[str] = frozenset()) -> None:
        self._values = values
        self._secret = secret & values.keys()
        self._public = {**values, **{name: f"[REDACTED:{name}]" for name in self._secret}}

    def shown(self, text: str) -> str:
        """Returns text for people; what has no value stays as it is written."""
        return expand_text(text, self._public)[0] if "{{" in text else text

    def task(self, text: str) -> BoundText:
        """Returns an agent's task; a name without a value is a problem, and so is a secret."""
        if "{{" not in text:
            return BoundText(text=text)
        told = sorted({item.name for item in placeholders(text)} & self._secret)
        if told:
            return BoundText(text=text, problem=f"a task cannot hold the secret input {', '.join(told)}")
        filled, undefined = expand_text(text, self._values)
        return BoundText(text=filled, problem=_undefined(undefined))

    def bind(self, text: str, dialect: Literal["bash", "sh"]) -> BoundText:
        """Returns a script whose values are data; a name without one, or no place for it, is a problem."""
        if "{{" not in text:
            return BoundText(text=text)
        bound = bind_script(text, dialect, self._values, secret=self._secret)
        problem = "; ".join(item.message for item in bound.diagnostics) or _undefined(bound.undefined)
        if any(len(f"{name}={value}".encode()) >= _MOST_BYTES for name, value in bound.bindings):
            problem = problem or "too-long: a value is longer than the 128 KiB that a variable may have"
        return BoundText(
            text=bound.text,
            shown=bound.shown,
            values=bound.bindings,
            references=bound.references,
            problem=problem,
        )

    def by_hand(self, text: str, dialect: Literal["bash", "sh"]) -> str:
        """Returns a script that a person may paste: values that are no plain words stand before it, quoted,
        so that they are data there as well."""
        bound = bind_script(text, dialect, self._public, secret=self._secret) if "{{" in text else None
        if bound is None or bound.undefined or bound.diagnostics:
            return self.shown(text)
        if all(is_plain(value) for _, value in bound.bindings):
            return bound.shown
        given = "".join(f"{name}={shlex.quote(value)}\n" for name, value in bound.bindings)
        return given + bound.text

    def output(self, entry: str) -> tuple[str, str | None]:
        """Returns a front matter output's name and its value as JSON text, None if it has none."""
        name, _, expression = entry.partition(" ")
        expression = expression.strip() or name
        if quoted := _QUOTED.match(expression):
            return name, json.dumps(self.shown(quoted.group(2)))
        if _NAME.match(expression):
            known = expression in self._values and expression not in self._secret
            return name, json.dumps(self._values[expression]) if known else None
        return name, json.dumps(self.shown(expression))


def _undefined(names: tuple[str, ...]) -> str:
    return f"undefined-variable: {', '.join(names)}" if names else ""
