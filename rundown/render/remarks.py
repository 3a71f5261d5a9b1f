"""What a run came to, as problems with places: what a CI system shows beside the lines of the runbook."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic, Span
from rundown.render.cases import Case, RunReport, case_name

_CODES = {
    "fail": ("run/step-failed", "failed"),
    "sandbox": ("run/no-sandbox", "could not be confined"),
    "waiting": ("run/person-needed", "needs a person"),
    "in-doubt": ("run/in-doubt", "may or may not have run to its end"),
    "interrupted": ("run/interrupted", "was interrupted"),
    "violation": ("run/violation", "did what policy forbids"),
    "denied": ("run/denied", "was denied"),
    "stopped": ("run/ended-early", "was ended"),
}


def run_remarks(reports: Iterable[RunReport]) -> Iterator[Diagnostic]:
    """Yields a problem for each step that did not pass: an error where the run did not complete, else a
    warning. Their files are absolute where a runbook has a path."""
    for report in reports:
        severe = report.status != "completed"
        for case in report.cases.values():
            for item in _remarks(case):
                place = _placed(item.span, report.runbook_path)
                yield replace(item, span=place, severity="error" if severe else "warning")


def _remarks(case: Case) -> Iterator[Diagnostic]:
    if case.verdict == "denied" and case.problems:
        yield from case.problems
        return
    code, what = _CODES.get(case.verdict, ("", ""))
    if code:
        title = case_name(case.position, case.title)
        yield Diagnostic(code=code, message=f"step {title} {what}", span=case.span, why=case.detail)


def _placed(span: Span | None, path: str) -> Span | None:
    return replace(span, file=path) if span is not None and path else span
