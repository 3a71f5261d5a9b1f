"""A run as the Markdown of a job summary. Nothing in it that the run's texts could format, link or break.

Source: GitHub's documentation, "Adding a job summary": GitHub Flavored Markdown, 1 MiB a step.
"""

import html
import re
from collections.abc import Iterable, Iterator

from rundown.render.cases import Case, RunReport, case_name
from rundown.render.duration import render_duration
from rundown.render.escape import visible

_SIGNS = {"pass": "✅", "fail": "❌", "denied": "🛑", "": "⚪"}
_MOST_CASES = 500
_MOST_TEXT = 300


def render_job_summary(reports: Iterable[RunReport], refusals: str, suggestion: str) -> str:
    """Returns the page. `refusals`: all that was refused, with the flags that allow it; `suggestion`: the
    policy document that would; both "" if nothing was."""
    lines: list[str] = []
    for report in reports:
        lines += [*_run(report), ""]
    if refusals:
        lines += ["#### Missing permissions", "", _block(refusals), ""]
    if suggestion:
        lines += ["<details><summary>The same as a policy document</summary>", "", _block(suggestion), ""]
        lines += ["</details>", ""]
    return "\n".join(lines)


def _run(report: RunReport) -> Iterator[str]:
    said = f": {_text(report.message)}" if report.message else ""
    yield f"### {_text(report.runbook_file)}: {_text(report.status)}{said}"
    yield ""
    if not report.cases:
        return
    yield "| | step | took | |"
    yield "|---|---|---|---|"
    shown = list(report.cases.values())
    for case in shown[:_MOST_CASES]:
        yield _row(case)
    if len(shown) > _MOST_CASES:
        yield f"| | and {len(shown) - _MOST_CASES} more | | |"


def _row(case: Case) -> str:
    sign = _SIGNS.get(case.verdict, "⚠️")
    took = render_duration(case.duration_ns) if case.duration_ns else ""
    details = [case.verdict if case.verdict not in ("pass", "fail") else "", case.detail]
    if case.attempts > 1:
        details.append(f"{case.attempts} attempts")
    detail = ", ".join(part for part in details if part) if case.verdict != "pass" else "".join(details[2:])
    return f"| {sign} | {_text(case_name(case.position, case.title))} | {took} | {_text(detail)} |"


def _text(text: str) -> str:
    """Every sign that Markdown or HTML could take for its own as a character reference."""
    shown = visible(text)
    shown = shown if len(shown) <= _MOST_TEXT else shown[:_MOST_TEXT] + "…"
    return re.sub(r"[!-/:-@\[-`{-~]", lambda match: f"&#{ord(match.group())};", shown)


def _block(text: str) -> str:
    return f"<pre>\n{html.escape(visible(text, lines=True)).strip()}\n</pre>"
