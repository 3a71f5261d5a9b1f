"""A document becomes a runbook, whole; whatever else the bytes are becomes diagnostics."""

import pytest
from msgspec import structs

from rundown.model.diagnostic import Span
from rundown.model.digest import digest_file
from rundown.model.runbook import (
    AgentBody,
    CommandBody,
    Complete,
    Continue,
    Defer,
    DisplayBody,
    FenceOptions,
    FrontMatter,
    Goto,
    Handler,
    Loop,
    LoopRange,
    Next,
    ReferenceBody,
    Runbook,
    Step,
    Stop,
    Substep,
    Target,
    Transitions,
)
from rundown.syntax.parse import MAX_DIAGNOSTICS, parse_runbook

DOCUMENT = """\
---
name: deploy
owner: team
---
# Deploy the service

Read this first.

## 1. Build {{Version}}
- OUTPUTS
  - Digest
- PASS CONTINUE
- FAIL RETRY 2 GOTO Undo

Build it.
- with care

```bash timeout=1m30s host=pid
make
```

## 2 Roll out
- FOR host IN 1 TO 3 OF {{hosts}}
  - FAIL NEXT
- PASS ALL COMPLETE "all done"
- FAIL ANY STOP

One by one.

### 2.1 Copy
- FAIL DEFER

```agent claude model=small
Copy it.
```

### Check: look at it
```json
{}
```

## 3.
- a.runbook.md
- {{ other }}

## Undo — take it back
"""

FILE = "deploy.runbook.md"
LINES = DOCUMENT.split("\n")
IMPLICIT_PASS = Handler(action=Continue(), implicit=True)
IMPLICIT_FAIL = Handler(action=Stop(), implicit=True)
IMPLICIT_DEFER = Handler(action=Defer(), implicit=True)
IMPLICIT = Transitions(on_pass=IMPLICIT_PASS, on_fail=IMPLICIT_FAIL)
DEFERRING = Transitions(on_pass=IMPLICIT_DEFER, on_fail=IMPLICIT_DEFER)


def at(line: int, text: str | None = None) -> Span:
    """The place of `text` in a line of the document; the whole line without one."""
    whole = LINES[line - 1]
    if text is None:
        return Span(file=FILE, line=line, excerpt=whole)
    return Span(file=FILE, line=line, column=whole.index(text) + 1, length=len(text), excerpt=whole)


EXPECTED = Runbook(
    file=FILE,
    front=FrontMatter(name="deploy", extra={"owner": "team"}),
    title="Deploy the service",
    description="Read this first.",
    digest=digest_file(DOCUMENT.encode()),
    steps=(
        Step(
            id="1",
            named=False,
            title="Build {{Version}}",
            span=at(9, "1. Build {{Version}}"),
            prompt="Build it.\n- with care",
            outputs=("Digest",),
            transitions=Transitions(
                on_pass=Handler(action=Continue(), span=at(12, "PASS CONTINUE")),
                on_fail=Handler(
                    action=Goto(target=Target(step="Undo")), retry=2, span=at(13, "FAIL RETRY 2 GOTO Undo")
                ),
            ),
            body=CommandBody(
                language="bash",
                text="make\n",
                span=at(18),
                options=FenceOptions(timeout_ns=90 * 10**9, host=("pid",)),
            ),
        ),
        Step(
            id="2",
            named=False,
            title="Roll out",
            span=at(22, "2 Roll out"),
            prompt="One by one.",
            loop=Loop(
                variable="host",
                bounds=LoopRange(start=1, stop=3),
                source="hosts",
                transitions=Transitions(
                    on_pass=IMPLICIT_PASS, on_fail=Handler(action=Next(), span=at(24, "FAIL NEXT"))
                ),
                span=at(23, "FOR host IN 1 TO 3 OF {{hosts}}"),
            ),
            transitions=Transitions(
                on_pass=Handler(action=Complete("all done"), span=at(25, 'PASS ALL COMPLETE "all done"')),
                on_fail=Handler(action=Stop(), span=at(26, "FAIL ANY STOP")),
                mode="all",
            ),
            substeps=(
                Substep(
                    id="1",
                    title="Copy",
                    span=at(30, "2.1 Copy"),
                    transitions=Transitions(
                        on_pass=IMPLICIT_PASS, on_fail=Handler(action=Defer(), span=at(31, "FAIL DEFER"))
                    ),
                    body=AgentBody(
                        kind="claude", text="Copy it.\n", span=at(33), parameters=(("model", "small"),)
                    ),
                ),
                Substep(
                    id="Check",
                    title="look at it",
                    span=at(37, "Check: look at it"),
                    transitions=DEFERRING,
                    body=DisplayBody(language="json", text="{}\n", span=at(38)),
                ),
            ),
        ),
        Step(
            id="3",
            named=False,
            title="Step 3",
            span=at(42, "3."),
            transitions=IMPLICIT,
            substeps=tuple(
                Substep(
                    id=str(number),
                    title=f"Runbook: {path}",
                    span=span,
                    transitions=DEFERRING,
                    body=ReferenceBody(path=path, span=span),
                )
                for number, path, span in (
                    (1, "a.runbook.md", at(43, "a.runbook.md")),
                    (2, "{{other}}", at(44, "{{ other }}")),
                )
            ),
        ),
        Step(
            id="Undo",
            named=True,
            title="take it back",
            span=at(46, "Undo — take it back"),
            transitions=IMPLICIT,
        ),
    ),
)


def test_a_document_becomes_a_runbook() -> None:
    parsed = parse_runbook(DOCUMENT.encode(), FILE)
    assert (parsed.runbook, parsed.diagnostics) == (EXPECTED, ())


@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CRLF", "CR"])
def test_line_ends_of_other_systems_change_nothing_but_the_digest(end: str) -> None:
    content = DOCUMENT.replace("\n", end).encode()
    wanted = structs.replace(EXPECTED, digest=digest_file(content))
    assert parse_runbook(content, FILE).runbook == wanted


def test_a_byte_order_mark_changes_nothing_but_the_digest() -> None:
    content = b"\xef\xbb\xbf" + DOCUMENT.encode()
    wanted = structs.replace(EXPECTED, digest=digest_file(content))
    assert parse_runbook(content, FILE).runbook == wanted


def first(text: str) -> Step:
    parsed = parse_runbook(text.encode(), "a.md")
    assert parsed.runbook is not None, parsed.diagnostics
    return parsed.runbook.steps[0]


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("## 1. A\na\nb\n", "a\nb"),
        ("## 1. A\na\n\n\n\nb\n", "a\n\nb"),
        ("## 1. A\na\n- b\n- c\n", "a\n- b\n- c"),
        ("## 1. A\n- PASS CONTINUE\n- FAIL STOP\nlazy\nlines\n", "lazy\nlines"),
        ("## 1. A\n- PASS CONTINUE\n- see\n  - PASS x\n", "- see\n  - PASS x"),
        ("## 1. A\n1. a\n2. b\n\n> c\n", "1. a\n2. b\n\n> c"),
        ("## 1. A\na\n\n<!-- hidden -->\n\nb\n\n***\n\nc\n", "a\n\nb\n\nc"),
        ("## 1. A\n    indented code\n", "    indented code"),
        ("## 1. A\n> ## quoted\n> #### deep\n", "> ## quoted\n> #### deep"),
        (
            "## 1. A\n- PASSING it on\n- Failing is fine\n- FORWARD\n- For each\n",
            "- PASSING it on\n- Failing is fine\n- FORWARD\n- For each",
        ),
        ("## 1. A\n[a]: http://b\n\nSee [a].\n", "See [a]."),
    ],
)
def test_the_prompt_is_the_text_as_written(text: str, prompt: str) -> None:
    assert first(text).prompt == prompt


@pytest.mark.parametrize(
    ("heading", "step_id", "title"),
    [
        ("1.", "1", "Step 1"),
        ("1: A", "1", "A"),
        ("1) A", "1", "A"),
        ("1 - A", "1", "A"),
        ("1. → A b", "1", "A b"),
        ("01. A", "1", "A"),
        ("Fix — B", "Fix", "B"),
        ("Fix", "Fix", "Fix"),
        ("Next", "Next", "Next"),
        ("OF course", "OF", "course"),
        ("_x1", "_x1", "_x1"),
        ("1. `code` and *more* ##", "1", "`code` and *more*"),
        ("1.A", "1", "A"),
    ],
)
def test_headings_give_id_and_title(heading: str, step_id: str, title: str) -> None:
    step = first(f"## {heading}\n")
    assert (step.id, step.title) == (step_id, title)


def test_a_heading_may_be_underlined() -> None:
    step = first("Fix two\nlines\n---\ntext\n")
    assert (step.id, step.title, step.prompt) == ("Fix", "two lines", "text")


@pytest.mark.parametrize(
    ("heading", "substep_id", "title"),
    [
        ("1.1 A", "1", "A"),
        ("1.1", "1", "Step 1.1"),
        ("2 A", "2", "A"),
        ("2. A", "2", "A"),
        ("1.Cleanup Clean", "Cleanup", "Clean"),
        ("1.Cleanup", "Cleanup", "Cleanup"),
        ("Cleanup all", "Cleanup", "all"),
        ("1.10: A", "10", "A"),
    ],
)
def test_substep_headings_are_bare_or_qualified(heading: str, substep_id: str, title: str) -> None:
    substep = first(f"## 1. S\n### {heading}\n").substeps[0]
    assert (substep.id, substep.title) == (substep_id, title)


@pytest.mark.parametrize(
    "text",
    [
        "## 1. A <!-- a note -->\n- PASS STOP <!-- two\n  lines -->\n",
        "## 1. A\n-\n  PASS STOP\n",
        "## 1.\u00a0A\n-\tPASS\u00a0STOP\n",
        "## 1. A\n* PASS STOP\n",
        "## 1. A\n- PASS\n  STOP\n",
        "## 1. A\n\n\n   - PASS STOP   \n",
    ],
    ids=["comments", "marker alone", "hard blanks", "star", "wrapped", "indented"],
)
def test_a_transition_is_read_however_markdown_has_it_written(text: str) -> None:
    step = first(text)
    assert (step.title, step.transitions.on_pass.action, step.prompt) == ("A", Stop(), "")


def test_a_transition_on_the_line_below_its_bullet_is_found_there() -> None:
    parsed = parse_runbook(b"## 1. A\n-\n  PASS JUMP\n", "a.md")
    assert [str(item.span) for item in parsed.diagnostics] == ["a.md:3:8"]


def test_numbers_count_on_over_named_steps() -> None:
    parsed = parse_runbook(b"## 1. A\n## Fix\n## 2. B\n", "a.md")
    assert parsed.runbook is not None
    assert [(step.id, step.named) for step in parsed.runbook.steps] == [
        ("1", False),
        ("Fix", True),
        ("2", False),
    ]


def test_a_heading_inside_a_fence_is_none() -> None:
    step = first("## 1. A\n````bash\n## 2. B\n```\n# c\n````\n")
    assert step.body == CommandBody(
        language="bash",
        text="## 2. B\n```\n# c\n",
        span=Span(file="a.md", line=2, excerpt="````bash"),
    )


def test_one_unreadable_heading_does_not_hide_what_is_wrong_below_it() -> None:
    parsed = parse_runbook(b"## ???\n- PASS JUMP\n## 1. A\n- FAIL GOTO 9\n", "a.md")
    assert [(item.code, item.span.line) for item in parsed.diagnostics if item.span] == [
        ("syntax/unusable-heading", 1),
        ("syntax/bad-action", 2),
        ("syntax/unknown-target", 4),
    ]


def test_an_older_form_is_said_once() -> None:
    text = "## 1. A\n- PASS: CONTINUE\n- FAIL: STOP\n## 2. B\n- PASS: COMPLETE\n"
    assert [(item.message, str(item.span)) for item in parse_runbook(text.encode(), "a.md").diagnostics] == [
        ("a colon in a transition, the older form (in 3 lines)", "a.md:2:3")
    ]


def test_a_flood_of_problems_is_cut_errors_first() -> None:
    text = "## 1. A\nPASS: CONTINUE\n\n" + "#### x\n" * 200
    found = parse_runbook(text.encode(), "a.md").diagnostics
    assert (len(found), found[-1].code, found[-1].message) == (
        MAX_DIAGNOSTICS + 1,
        "syntax/and-more",
        "and 151 more (150 errors, 1 warnings)",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "byte 0x89 is not UTF-8"),
        (b"## 1. A\n\xff\n", "byte 0xff is not UTF-8"),
        (b"## 1. A\n\0\n", "the file holds a NUL byte"),
        (b"x" * (4 * 1024 * 1024 + 1), "the file has 4194305 bytes; a runbook has at most 4194304"),
    ],
    ids=["picture", "latin-1", "NUL", "too large"],
)
def test_what_is_no_text_is_one_diagnostic(content: bytes, message: str) -> None:
    parsed = parse_runbook(content, "a.md")
    assert (parsed.runbook, [item.message for item in parsed.diagnostics]) == (None, [message])


def test_the_name_comes_from_the_file() -> None:
    names = ["deploy.runbook.md", "a/b/deploy.md", "README", "<stdin>", ".runbook.md"]
    books = [parse_runbook(b"## 1. A\n", name).runbook for name in names]
    assert [book.front.name for book in books if book] == ["deploy", "deploy", "README", "stdin", ".runbook"]
