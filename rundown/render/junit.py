"""A run as a JUnit report: one suite a run, one test case a step, with what it printed.

What policy denied, what the sandbox could not hold and what waits for a person are errors; a step that went
wrong is a failure; what was not reached is skipped.
Source: the JUnit XML that GitLab, Jenkins and GitHub's reporters read (testsuites, testsuite, testcase).
"""

from collections.abc import Iterable

from junitparser import Attr, Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from rundown.model.diagnostic import Diagnostic
from rundown.render.cases import Case, ReportReader, RunReport, case_name
from rundown.render.diagnostic import render_diagnostics
from rundown.render.escape import visible
from rundown.render.output import OutputFilter

_ERRORS = {
    "denied": "denied by policy",
    "sandbox": "the sandbox could not be had",
    "waiting": "a person is needed",
    "in-doubt": "nobody saw whether it ran to its end",
    "interrupted": "interrupted",
    "violation": "it did what policy forbids",
    "stopped": "the run was ended here",
}


class _Case(TestCase):
    """With the place in the runbook, as several readers of the format know it."""

    file = Attr()
    line = Attr()


def render_junit(readers: Iterable[ReportReader], problems: tuple[Diagnostic, ...] = ()) -> bytes:
    """Returns the XML document. `problems`: what kept the run from starting."""
    document = JUnitXml("rundown")
    for reader in readers:
        document.add_testsuite(_suite(reader))
    if problems:
        suite = TestSuite("rundown")
        case = TestCase("the run could not start", "rundown")
        case.result = [_result(Error, problems[0].message, problems[0].code, render_diagnostics(problems))]
        suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    content: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return content


def _suite(reader: ReportReader) -> TestSuite:
    report = reader.report
    suite = TestSuite(_plain(report.runbook_file))
    if report.started_at:
        suite.timestamp = report.started_at[:19]
    for name, value in (("run", report.run_id), ("status", report.status), ("message", report.message)):
        if value:
            suite.add_property(name, _plain(value))
    for case in report.cases.values():
        suite.add_testcase(_case(report, case))
    for step, substep, title in reader.unreached:
        position = step if substep is None else f"{step}.{substep}"
        skipped = TestCase(_plain(case_name(position, title)), _plain(report.runbook_file))
        skipped.result = [Skipped("not reached")]
        suite.add_testcase(skipped)
    return suite


def _case(report: RunReport, case: Case) -> TestCase:
    name = _plain(case_name(case.position, case.title))
    found = _Case(name, _plain(report.runbook_file), case.duration_ns / 1e9)
    if case.span is not None:
        found.file = _plain(case.span.file)
        found.line = str(case.span.line)
    again = f" (attempt {case.attempts})" if case.attempts > 1 else ""
    if case.verdict == "fail":
        found.result = [_result(Failure, (case.detail or "failed") + again, "failed", case.detail)]
    elif case.verdict in _ERRORS:
        message = f"{_ERRORS[case.verdict]}: {case.detail}".rstrip(": ")
        text = render_diagnostics(case.problems) or case.detail
        found.result = [_result(Error, message + again, case.verdict, text)]
    elif not case.verdict:
        found.result = [_result(Error, "it did not end", "interrupted", "")]
    printed = case.printed.content()
    if printed:
        found.system_out = _output(printed)
    return found


def _result(kind: type[Error | Failure], message: str, name: str, text: str) -> Error | Failure:
    found = kind(_plain(message), name)
    if text:
        found.text = _plain(text, lines=True)
    return found


def _output(content: bytes) -> str:
    """What a step printed, without colours or anything that XML cannot hold."""
    shown = OutputFilter(color=False)
    text = (shown.feed(content) + shown.flush()).decode("utf-8", "replace")
    return _plain(text.replace("\r\n", "\n").replace("\r", "\n"), lines=True)


def _plain(text: str, *, lines: bool = False) -> str:
    """Source: XML 1.0, production 2 (Char): no controls but tab and line ends, no surrogates, no U+FFFE."""
    return visible(text, lines=lines)
