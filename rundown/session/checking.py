"""Everything that can be known of a runbook without running it: its text, and what it needs around it."""

import os
from collections.abc import Iterator

from msgspec.structs import replace

from rundown.agents.launch import NO_COMMAND, plan_agent
from rundown.engine.scenario_command import read_command
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import AgentBody, ReferenceBody, Runbook
from rundown.session.composition import Family, find_child
from rundown.session.library import Document, Opened
from rundown.syntax.check import check_source
from rundown.syntax.parse import tidy

_MOST_DOCUMENTS = 1000


def check_document(document: Document, root: str) -> tuple[Diagnostic, ...]:
    """Returns every error and warning, by line. `root` is the project's real path."""
    parsed = check_source(document.content, document.file)
    book = parsed.runbook
    if book is None:
        return parsed.diagnostics
    more = [
        *_references(book, document, root),
        *_agents(book),
        *_permissions(book, document),
        *_scenarios(book, document),
    ]
    return tidy([*parsed.diagnostics, *more], document.file) if more else parsed.diagnostics


def _references(book: Runbook, document: Document, root: str) -> Iterator[Diagnostic]:
    own = os.path.realpath(document.path) if document.path is not None else ""
    for body in _referring(book):
        found = find_child(body.path, document, root, Family(files=(own,)))
        if isinstance(found, str):
            yield Diagnostic(
                code="session/unresolved-reference",
                message=f"no runbook to run here: {found}",
                span=body.span,
                fix="put the runbook there, or mend its name",
                severity="warning",
            )
        elif own in _reached(found, root):
            yield Diagnostic(
                code="session/circular-reference",
                message=f"`{body.path}` leads back to this runbook, which would run inside itself",
                span=body.span,
                fix="take one of the references out",
                severity="warning",
            )


def _reached(start: Opened, root: str) -> set[str]:
    """The real paths of all runbooks that one leads to."""
    seen: set[str] = set()
    waiting = [start]
    while waiting and len(seen) < _MOST_DOCUMENTS:
        opened = waiting.pop()
        real = str(opened.document.path)
        if real in seen:
            continue
        seen.add(real)
        found = (
            find_child(body.path, opened.document, root, Family()) for body in _referring(opened.runbook)
        )
        waiting.extend(item for item in found if not isinstance(item, str))
    return seen


def _referring(book: Runbook) -> Iterator[ReferenceBody]:
    return (body for body in book.bodies() if isinstance(body, ReferenceBody) and "{{" not in body.path)


def _agents(book: Runbook) -> Iterator[Diagnostic]:
    """An agent that nobody named yet may be named by `--agent`; one that is not there yet is done by a
    person, and the program of `acp` may be named by policy."""
    for body in book.bodies():
        if isinstance(body, AgentBody) and (body.kind or book.front.agent):
            plan = plan_agent(body, book.front.agent)
            if isinstance(plan, Diagnostic):
                later = plan.code in ("agents/not-there-yet", NO_COMMAND)
                yield replace(plan, severity="warning" if later else "error")


def _permissions(book: Runbook, document: Document) -> tuple[Diagnostic, ...]:
    if not book.front.permissions:
        return ()
    from rundown.policy.permissions import decode_permissions

    return decode_permissions(book.front.permissions, _front_span(document, "permissions"))[1]


def _scenarios(book: Runbook, document: Document) -> Iterator[Diagnostic]:
    for scenario in book.front.scenarios:
        for text in scenario.commands:
            command = read_command(text)
            if isinstance(command, Diagnostic):
                message = f"scenario {scenario.name}: {command.message}"
                span = _front_span(document, "scenarios")
                yield replace(command, message=message, span=span, severity="warning")


def _front_span(document: Document, key: str) -> Span:
    """The line of a front matter key; the first line if it is written in a way that is not found."""
    lines = document.content.decode("utf-8", "replace").splitlines()
    found = (place for place, line in enumerate(lines, 1) if line.lower().startswith(f"{key}:"))
    line = next(found, 1)
    return Span(file=document.file, line=line, length=len(key), excerpt=lines[line - 1][:500])
