"""Info strings: what runs, what is shown, and what may stand behind the language."""

import pytest

from rundown.model.diagnostic import Span
from rundown.model.runbook import AgentBody, Body, CommandBody, DisplayBody, FenceOptions
from rundown.syntax.parse import parse_runbook


def body(info: str, text: str = "x\n") -> Body | None:
    parsed = parse_runbook(f"## 1. A\n```{info}\n{text}```\n".encode(), "a.md")
    assert parsed.runbook is not None, parsed.diagnostics
    return parsed.runbook.steps[0].body


def opening(info: str) -> Span:
    return Span(file="a.md", line=2, excerpt=f"```{info}")


@pytest.mark.parametrize(
    ("info", "language"),
    [("bash", "bash"), ("sh", "sh"), ("shell", "sh"), ("BASH", "bash"), ("  Shell ", "sh")],
)
def test_shells_run(info: str, language: str) -> None:
    assert body(info) == CommandBody(language=language, text="x\n", span=opening(info))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("bash prompt", "bash"),
        ("SH Prompt", "sh"),
        ("prompt", "prompt"),
        ("json", "json"),
        ("json prompt", "json"),
        ("python", "python"),
        ('js title="a b" {1,3}', "js"),
        ("console", "console"),
        ("shell-session", "shell-session"),
        ("bash prompt timeout=3s", "bash"),
    ],
)
def test_anything_else_is_shown(info: str, language: str) -> None:
    assert body(info) == DisplayBody(language=language, text="x\n", span=opening(info))


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("interactive", FenceOptions(interactive=True)),
        ("timeout=500ms", FenceOptions(timeout_ns=500_000_000)),
        ("timeout=1h30m", FenceOptions(timeout_ns=5400 * 10**9)),
        ("cwd=sub/dir", FenceOptions(cwd="sub/dir")),
        ('cwd="a dir"', FenceOptions(cwd="a dir")),
        ("env=A,B,A", FenceOptions(env=("A", "B"))),
        ("host=pid,net", FenceOptions(host=("pid", "net"))),
        ("unconfined host=journal", FenceOptions(host=("unconfined", "journal"))),
        ('confirm="Fail over = now?"', FenceOptions(confirm="Fail over = now?")),
    ],
)
def test_options(words: str, options: FenceOptions) -> None:
    found = body(f"bash {words}")
    assert isinstance(found, CommandBody)
    assert found.options == options


@pytest.mark.parametrize(
    "words",
    [
        "tiemout=3s",
        "timeout",
        "timeout=3",
        "timeout=0s",
        "timeout=99999d",
        "timeout=1s timeout=2s",
        "interactive=yes",
        "cwd=",
        "env=1A",
        "env=A,",
        "host=all",
        'confirm=""',
        'confirm="open',
        '"',
        "=x",
        "run",
    ],
)
def test_a_bad_option_is_an_error(words: str) -> None:
    parsed = parse_runbook(f"## 1. A\n```bash {words}\nx\n```\n".encode(), "a.md")
    assert {item.code for item in parsed.errors} == {"syntax/bad-fence-option"}


def test_a_slip_in_an_option_is_answered_with_what_was_meant() -> None:
    parsed = parse_runbook(b"## 1. A\n```bash interactiv\nx\n```\n", "a.md")
    assert [item.fix for item in parsed.diagnostics] == ["did you mean `interactive`?"]


@pytest.mark.parametrize(
    ("info", "kind", "parameters", "options"),
    [
        ("agent", None, (), FenceOptions()),
        ("agent claude", "claude", (), FenceOptions()),
        ("AGENT mock", "mock", (), FenceOptions()),
        (
            "agent llm model=a/b max-turns=3 budget-usd=0.5 output=json timeout=10m",
            "llm",
            (("model", "a/b"), ("max-turns", "3"), ("budget-usd", "0.5"), ("output", "json")),
            FenceOptions(timeout_ns=600 * 10**9),
        ),
        ("agent model=x", None, (("model", "x"),), FenceOptions()),
    ],
)
def test_agents(
    info: str, kind: str | None, parameters: tuple[tuple[str, str], ...], options: FenceOptions
) -> None:
    assert body(info) == AgentBody(
        kind=kind, text="x\n", span=opening(info), parameters=parameters, options=options
    )


@pytest.mark.parametrize("words", ["max-turns=0", "budget-usd=-1", "output=xml", "model=", "temperature=1"])
def test_a_bad_parameter_of_an_agent_is_an_error(words: str) -> None:
    parsed = parse_runbook(f"## 1. A\n```agent llm {words}\nx\n```\n".encode(), "a.md")
    assert {item.code for item in parsed.errors} == {"syntax/bad-fence-option"}
