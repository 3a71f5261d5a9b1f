"""The variables of a run: where a value comes from, which one wins, and what a template may name.

Values are JSON values. Precedence, strongest first: `--input-json`, `--input`, `--input-file`,
`RD_INPUT_NAME`, the parent run, the project's config, front matter defaults, built-ins; what steps captured
stands above them all once the run goes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from msgspec import UNSET, Struct

from rundown.engine.course import Course
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Input, Runbook

RESERVED = frozenset({"step", "index", "context", "runid", "runbookref"})
PLACE = frozenset({"Step", "step", "Index", "index", "context", "RunId", "RunbookRef", "ContextId"})
"""Names whose values say where a run is, and which: each run has its own."""

_MOST_ANCESTORS = 32
BUILTINS = frozenset({"Date", "DateTime", "Year", "Month", "Day", "Branch", "WorkPath"})
"""Names that every run has a value for, whatever it is given."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PREFIXES = ("RD_INPUT_", "RD_VAR_")

Values = dict[str, object]


class Given(Struct, frozen=True, kw_only=True):
    """What the invocation gives, by the way it was given. `files` are decoded already, first wins; `answers`
    are of a person who was asked."""

    json_texts: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    files: tuple[Values, ...] = ()
    environment: Mapping[str, str] = {}
    parent: Values = {}
    config: Values = {}
    builtins: Values = {}
    answers: Values = {}


def gather_values(runbook: Runbook, given: Given) -> tuple[Values, tuple[Diagnostic, ...]]:
    """Returns the values a run starts with and all that is wrong with them (a warning hinders nothing)."""
    problems: list[Diagnostic] = []
    front = runbook.front
    defaults: Values = {item.name: item.default for item in front.inputs if item.default is not UNSET}
    layers: list[Values] = [
        given.answers,
        *_explicit(given, problems),
        given.parent,
        _named(given.config, ".rundown/config.yaml", problems),
        defaults,
        given.builtins,
    ]
    values: Values = {}
    for layer in reversed(layers):
        values |= layer
    problems.extend(
        _problem(f"`{name}` holds bytes or escapes that are no Unicode text", "write it in UTF-8")
        for name, value in values.items()
        if not _is_unicode(value)
    )
    for declared in front.inputs:
        problems.extend(_misfits(declared, values))
    return values, tuple(problems)


def _explicit(given: Given, problems: list[Diagnostic]) -> list[Values]:
    return [
        _pairs(given.json_texts, "--input-json", problems, as_json=True),
        _pairs(given.texts, "--input", problems, as_json=False),
        *(_named(layer, "--input-file", problems) for layer in given.files),
        _from_environment(given.environment),
    ]


def missing_inputs(runbook: Runbook, values: Mapping[str, object]) -> tuple[Input, ...]:
    """Returns the required inputs that have no value, in the order they are required."""
    declared = {item.name: item for item in runbook.front.inputs}
    return tuple(
        declared.get(name, Input(name=name)) for name in runbook.front.required if name not in values
    )


def scope(
    course: Course, state: State, start: Mapping[str, object], secret: frozenset[str] = frozenset()
) -> Values:
    """Returns every name that a template may use at the machine's place. A value that redaction changed is
    none; `secret` names go by their own name only."""
    values: Values = dict(start)
    values |= {name: json.loads(text) for name, text in state.variables.items()}
    values = {name: value for name, value in values.items() if name not in state.lost}
    position = state.step if state.substep is None else f"{state.step}.{state.substep}"
    current: Values = {"step": state.step, "substep": state.substep, "at": state.position}
    values |= {"Step": position, "step": position}
    if state.iteration is not None:
        values |= {"Index": state.iteration, "index": state.iteration}
        current["index"] = state.iteration
        loop = course.step(state.step).loop
        if loop is not None and loop.variable is not None:
            item = state.item
            values[loop.variable] = state.iteration if item is None else json.loads(item)
            if state.frame is not None and state.frame.lost:
                del values[loop.variable]
    context = values.get("context")
    own = {name: value for name, value in values.items() if name not in PLACE and name not in secret}
    values["context"] = {**(context if isinstance(context, dict) else {}), "current": current, "vars": own}
    return values


def inherit(values: Values, secret: frozenset[str] = frozenset()) -> Values:
    """Returns what a child begins with: its parent's values, and its parent's place as its own context's
    parent. Values of `secret` names are handed down by name only."""
    context = values.get("context")
    above = context if isinstance(context, dict) else {}
    kept = {name: value for name, value in values.items() if name not in PLACE}
    parent = {**above.get("current", {}), "vars": {k: v for k, v in kept.items() if k not in secret}}
    ancestors = [parent, *above.get("ancestors", [])][:_MOST_ANCESTORS]
    return {**kept, "context": {"parent": parent, "ancestors": ancestors}}


def secret_names(runbook: Runbook) -> frozenset[str]:
    """Returns the inputs whose values are kept off every record."""
    return frozenset(item.name for item in runbook.front.inputs if item.secret)


def dump_values(values: Mapping[str, object], secret: frozenset[str]) -> dict[str, str]:
    """Returns the values as JSON texts by name, without the secret ones: what goes on record."""
    return {name: json.dumps(value) for name, value in values.items() if name not in secret}


def load_values(texts: Mapping[str, str]) -> Values:
    """Returns the values that `dump_values` wrote."""
    return {name: json.loads(text) for name, text in texts.items()}


def _pairs(words: Iterable[str], flag: str, problems: list[Diagnostic], *, as_json: bool) -> Values:
    values: Values = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            problems.append(_problem(f"{flag} {word}: there is no `=`", f"{flag} NAME=VALUE"))
            continue
        try:
            values[name] = json.loads(text, parse_constant=_refuse) if as_json else text
        except (ValueError, RecursionError) as error:
            problems.append(
                _problem(f"{flag} {name}: the value is not JSON ({error})", f"{flag} '{name}=\"text\"'")
            )
    return _named(values, flag, problems)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _named(values: Values, origin: str, problems: list[Diagnostic]) -> Values:
    good: Values = {}
    for name, value in values.items():
        if not _NAME.match(name):
            problems.append(_problem(f"{origin}: `{name}` is no variable name", "letters, digits and _ only"))
        elif name.lower() in RESERVED:
            problems.append(_problem(f"{origin}: `{name}` is reserved", "choose another name"))
        else:
            good[name] = value
    return good


def _from_environment(environment: Mapping[str, str]) -> Values:
    values: Values = {}
    for prefix in reversed(_PREFIXES):
        for name, text in environment.items():
            bare = name.removeprefix(prefix)
            if name.startswith(prefix) and _NAME.match(bare) and bare.lower() not in RESERVED:
                values[bare] = text
    return values


def _is_unicode(value: object) -> bool:
    """Whether it can be written down: lone surrogates stand for bytes that were no UTF-8, or for nothing."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _misfits(declared: Input, values: Mapping[str, object]) -> Iterable[Diagnostic]:
    if declared.name not in values:
        return
    value = values[declared.name]
    shown = "the given value" if declared.secret else f"`{value}`"
    if declared.options and str(value) not in declared.options:
        yield _problem(
            f"input {declared.name}: {shown} is none of its options", "one of: " + ", ".join(declared.options)
        )
    if declared.pattern is not None and not re.fullmatch(declared.pattern, str(value)):
        yield _problem(
            f"input {declared.name}: {shown} does not fit its pattern",
            f"a value that fits {declared.pattern}",
        )


def _problem(message: str, fix: str) -> Diagnostic:
    return Diagnostic(code="session/bad-input-value", message=message, fix=fix)
