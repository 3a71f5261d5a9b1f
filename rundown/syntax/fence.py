"""What the info string of a fenced block asks for: language, option words, and the kind of agent.

Words behind a language that is only shown are none of our business (`js title="a.js"`); behind one that
runs, a word that is not known is an error: a misspelled `timeout` must not be no time-out.
"""

import difflib
import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import AgentBody, CommandBody, DisplayBody, FenceOptions
from rundown.syntax.codes import Code
from rundown.syntax.document import Fence
from rundown.syntax.duration import parse_duration
from rundown.syntax.source import Source, part

AGENT_KINDS = ("mock", "command", "claude", "codex", "gemini", "opencode", "goose", "acp", "llm", "text")
HOST_WORDS = ("pid", "net", "systemd", "journal", "unconfined")
_OPTIONS = ("interactive", "unconfined", "timeout", "cwd", "env", "host", "confirm")
_PARAMETERS = ("model", "max-turns", "budget-usd", "output")
MOCK_PARAMETERS = frozenset({"file", "secret", "connect", "fail"})
"""What only the mock agent takes; see docs/format.md."""
ACP_PARAMETERS = frozenset({"command", "api"})
"""What only `acp` takes: the agent's command line, and the model API that it speaks."""
_LANGUAGES: dict[str, Literal["bash", "sh"]] = {"bash": "bash", "sh": "sh", "shell": "sh"}
_WORD = re.compile(r'(?P<key>[^\s=]+)=(?P<value>"[^"]*"(?=\s|$)|\S*)|(?P<word>\S+)')
_NEARLY_SHELL = re.compile(r"(?:bash|sh|shell)[^a-z0-9_\s-]", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

FenceBody = CommandBody | AgentBody | DisplayBody


class _Option(Struct, frozen=True, kw_only=True):
    key: str
    value: str | None
    span: Span


def is_executable(info: str) -> bool:
    """Tells whether a block of this info string would run."""
    words = info.lower().split()
    return bool(words) and words[0] in _LANGUAGES and words[1:2] != ["prompt"]


def parse_fence(fence: Fence, source: Source, report: list[Diagnostic]) -> FenceBody | None:
    """Returns the body that `fence` is; None, with a diagnostic in `report`, if it is none.

    Bad options are reported and left out of the body.
    """
    span = source.locate(fence.line, fence.info)
    if not fence.info:
        report.append(_bare(span))
        return None
    if _NEARLY_SHELL.match(fence.info):
        report.append(_nearly(fence.info, span))
        return None
    language, _, rest = fence.info.partition(" ")
    words = _words(rest, part(span, len(fence.info) - len(rest), len(rest)))
    opening = source.span(fence.line)
    shell = _LANGUAGES.get(language.lower())
    if shell is not None and not (words and words[0].key.lower() == "prompt" and words[0].value is None):
        options = _options(words, report)
        return CommandBody(language=shell, text=fence.text, span=opening, options=options)
    if language.lower() == "agent":
        return _agent(fence, words, opening, report)
    return DisplayBody(language=language.lower(), text=fence.text, span=opening)


def _bare(span: Span) -> Diagnostic:
    return Code.BARE_FENCE.at(
        span,
        "a block that does not say what it is",
        why="only a block that says `bash` or `sh` runs; anything else is shown",
        fix="write ```bash to run it, ```text or ```prompt to show it",
    )


def _nearly(info: str, span: Span) -> Diagnostic:
    language = re.split(r"[^a-z]", info.lower())[0]
    return Code.BAD_FENCE_OPTION.at(
        span,
        f"`{info}` is nearly `{language}`",
        why="this block would be shown and not run",
        fix=f"write ```{language}, or ```{language} prompt to show it only",
    )


def _words(rest: str, span: Span) -> list[_Option]:
    options = []
    for match in _WORD.finditer(rest):
        value = match["value"]
        if value is not None and len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        options.append(
            _Option(
                key=match["key"] or match["word"], value=value, span=part(span, match.start(), len(match[0]))
            )
        )
    return options


def _options(words: list[_Option], report: list[Diagnostic]) -> FenceOptions:
    """Returns the options; a word that is none is reported."""
    values: dict[str, object] = {}
    seen: set[str] = set()
    for word in words:
        if word.key in seen:
            report.append(_wrong(word, f"`{word.key}` is written twice", fix="write it once"))
        seen.add(word.key)
        if word.key not in _OPTIONS:
            report.append(_unknown(word, _OPTIONS))
            continue
        problem = _unclosed(word) or _READERS[word.key](word, values)
        if problem is not None:
            report.append(problem)
    return FenceOptions(**values)  # type: ignore[arg-type]


def _flag(word: _Option, values: dict[str, object]) -> Diagnostic | None:
    if word.value is not None:
        return _wrong(word, f"`{word.key}` takes no value", fix=f"write `{word.key}` alone")
    if word.key == "interactive":
        values["interactive"] = True
    else:
        values["host"] = (*_host_so_far(values), "unconfined")
    return None


def _host_so_far(values: dict[str, object]) -> tuple[str, ...]:
    so_far = values.get("host", ())
    return so_far if isinstance(so_far, tuple) else ()


def _timeout(word: _Option, values: dict[str, object]) -> Diagnostic | None:
    duration = parse_duration(word.value or "")
    if duration is None:
        return _wrong(
            word, f"`{word.value or ''}` is no duration", fix="write e.g. `timeout=30s`, `10m`, `1h30m`"
        )
    values["timeout_ns"] = duration
    return None


def _cwd(word: _Option, values: dict[str, object]) -> Diagnostic | None:
    if not word.value:
        return _wrong(word, "`cwd` without a directory", fix="write `cwd=sub/dir`")
    values["cwd"] = word.value
    return None


def _env(word: _Option, values: dict[str, object]) -> Diagnostic | None:
    names = (word.value or "").split(",")
    bad = [name for name in names if not _VARIABLE.fullmatch(name)]
    if bad:
        return _wrong(word, f"`{bad[0]}` is no variable's name", fix="write `env=NAME,OTHER_NAME`")
    values["env"] = tuple(dict.fromkeys(names))
    return None


def _host(word: _Option, values: dict[str, object]) -> Diagnostic | None:
    names = (word.value or "").split(",")
    bad = [name for name in names if name not in HOST_WORDS]
    if bad:
        return _wrong(word, f"`{bad[0]}` is nothing of the host", fix=f"choose from {', '.join(HOST_WORDS)}")
    values["host"] = tuple(dict.fromkeys((*_host_so_far(values), *names)))
    return None


def _confirm(word: _Option, values: dict[str, object]) -> Diagnostic | None:
    if not (word.value or "").strip(' "'):
        return _wrong(word, "`confirm` without a question", fix='write `confirm="Fail over now?"`')
    values["confirm"] = word.value
    return None


_Reader = Callable[[_Option, dict[str, object]], Diagnostic | None]
_READERS: dict[str, _Reader] = {
    "interactive": _flag,
    "unconfined": _flag,
    "timeout": _timeout,
    "cwd": _cwd,
    "env": _env,
    "host": _host,
    "confirm": _confirm,
}


def _agent(fence: Fence, words: list[_Option], span: Span, report: list[Diagnostic]) -> AgentBody | None:
    kind = None
    if words and words[0].value is None and words[0].key not in _OPTIONS:
        kind, words = words[0].key, [words[0], *words[1:]]
        if kind not in AGENT_KINDS:
            report.append(
                Code.BAD_AGENT.at(
                    words[0].span,
                    f"`{kind}` is no kind of agent",
                    fix=f"choose from {', '.join(AGENT_KINDS)}; or leave it out and say it with --agent",
                )
            )
        words = words[1:]
    if not fence.text.strip():
        report.append(
            Code.BAD_AGENT.at(
                span, "an agent block without a task", fix="write into the block what is to be done"
            )
        )
    own = {"mock": MOCK_PARAMETERS, "acp": ACP_PARAMETERS}.get(kind or "", frozenset())
    parameters = [word for word in words if word.key in _PARAMETERS or word.key in own]
    options = _options([word for word in words if word not in parameters], report)
    for word in parameters:
        if word.key not in own and (problem := _check_parameter(word)) is not None:
            report.append(problem)
    return AgentBody(
        kind=kind,
        text=fence.text,
        span=span,
        options=options,
        parameters=tuple((word.key, word.value or "") for word in parameters),
    )


def _check_parameter(word: _Option) -> Diagnostic | None:
    value = word.value or ""
    patterns = {
        "model": (r"\S+", "write `model=NAME`"),
        "max-turns": (r"[1-9][0-9]{0,5}", "write a whole number: `max-turns=20`"),
        "budget-usd": (r"[0-9]{1,6}(\.[0-9]{1,4})?", "write an amount: `budget-usd=2.50`"),
        "output": (r"text|json", "write `output=text` or `output=json`"),
    }
    pattern, fix = patterns[word.key]
    if re.fullmatch(pattern, value):
        return _unclosed(word)
    return _wrong(word, f"`{value}` is no value for `{word.key}`", fix=fix)


def _unclosed(word: _Option) -> Diagnostic | None:
    if '"' not in (word.value or ""):
        return None
    return _wrong(word, "a quotation mark too many, or too few", fix=f'write `{word.key}="…"`')


def _unknown(word: _Option, known: tuple[str, ...]) -> Diagnostic:
    close = difflib.get_close_matches(word.key, known, n=1) if len(word.key) < 20 else []
    fix = f"did you mean `{close[0]}`?" if close else f"known words: {', '.join(known)}"
    return _wrong(word, f"unknown word `{word.key}`", fix=fix)


def _wrong(word: _Option, message: str, *, fix: str) -> Diagnostic:
    return Code.BAD_FENCE_OPTION.at(word.span, message, fix=fix)
