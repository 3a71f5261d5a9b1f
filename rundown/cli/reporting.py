"""The reports of one invocation besides what a person reads: JUnit, sections, annotations, a job summary.

Wraps whatever front end shows the run. Annotations and sections go to the CI runner by `speak`, which only
does so where one may be reading; nothing that a step prints can.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec.structs import replace

from rundown.cli.ending import Telling, exit_code, resume_command, tell_ending
from rundown.cli.outlook import render_refusals
from rundown.cli.quiet import QuietFrontend
from rundown.cli.report_file import ReportFile
from rundown.cli.report_options import Reports
from rundown.cli.runner_streams import is_guarded, is_set, speak
from rundown.cli.screen import discreet, error_style
from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.event import ChildStarted, Event, RunFinished, RunPaused, StepFinished, StepStarted
from rundown.model.runbook import Runbook
from rundown.record.ids import short_id
from rundown.render.annotation import render_annotation
from rundown.render.cases import ReportReader, case_name
from rundown.render.diagnostic import render_diagnostics
from rundown.render.output import OutputFilter
from rundown.render.remarks import run_remarks
from rundown.render.sections import Dialect, Sections
from rundown.session.ports import Frontend, Stream
from rundown.session.run import Ended, Front

_MOST_ANNOTATIONS = 50


class Reporting:
    """One an invocation; a context manager that writes what is left to write however it ends."""

    def __init__(self, wanted: Reports, environ: Mapping[str, str]) -> None:
        self.wanted = wanted
        self._environ = environ
        self._readers: list[ReportReader] = []
        self._problems: tuple[Diagnostic, ...] = ()
        self._junit: ReportFile | None = None
        self.suggestion: ReportFile | None = None
        dialect = runner_dialect(environ)
        is_silent = wanted.as_json or not is_guarded()
        self._sections = (
            Sections(dialect) if dialect is not None and not (is_silent or wanted.quiet) else None
        )
        self._annotates = dialect == "github" and not is_silent
        self._summary = environ.get("GITHUB_STEP_SUMMARY", "") if dialect == "github" else ""

    def __enter__(self) -> "Reporting":
        """Raises: InvalidInputError if a report cannot be written where it is wanted."""
        wanted = self.wanted
        if wanted.junit is not None:
            self._junit = ReportFile(wanted.junit, "--junit")
        if wanted.suggest is not None:
            self.suggestion = ReportFile(wanted.suggest, "--suggest-policy")
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, RundownError):
            self._problems = discreet(problem.diagnostics)
        elif problem is not None and not self._readers:
            self._problems = (Diagnostic(code="run/interrupted", message="it ended before it began"),)
        self._write_junit()

    def around(self, front: Front, again: str) -> Front:
        """Returns a front end that also reports. `again`: this invocation's policy flags."""

        def frontend(run_id: str, runbook: Runbook, earlier: Iterable[Event]) -> Frontend:
            reader = ReportReader(runbook, f"rundown resume {short_id(run_id)}{again}")
            for event in earlier:
                reader.read(event.at, event.body)
            self._readers.append(reader)
            shown = QuietFrontend() if self.wanted.quiet else front.frontend(run_id, runbook, earlier)
            return _Reported(shown, reader, self._sections)

        return replace(front, frontend=frontend)

    def tell(self, ended: Ended, telling: Telling) -> int:
        """Says what there is to say of an end: to a person, and to GitHub; returns the exit code."""
        failed = exit_code(ended, prompted=telling.prompted) != 0
        if self.wanted.quiet and failed:
            with suppress(OSError):
                sys.stderr.write(self._what_failed())
                sys.stderr.flush()
        code = tell_ending(ended, telling)
        command = resume_command(ended, telling)
        self._tell_runner(render_refusals(ended.outlook, command, at_least=1), ended.suggestion)
        return code

    def _what_failed(self) -> str:
        """Each step that did not pass, with the end of what it printed."""
        texts = []
        for case in (case for reader in self._readers for case in reader.report.cases.values()):
            if case.verdict not in ("", "pass"):
                shown = OutputFilter(color=False)
                printed = shown.feed(case.printed.content()[-_SHOWN_BYTES:]) + shown.flush()
                text = printed.decode("utf-8", "replace")
                texts.append(text if text.endswith("\n") or not text else f"{text}\n")
        remarks = run_remarks(reader.report for reader in self._readers)
        return "".join(texts) + render_diagnostics(remarks, error_style())

    def _tell_runner(self, refusals: str, suggestion: str) -> None:
        if self._annotates:
            remarks = run_remarks(reader.report for reader in self._readers)
            found = tuple(remarks)[:_MOST_ANNOTATIONS]
            workspace = self._environ.get("GITHUB_WORKSPACE", "")
            speak("".join(render_annotation(_below(item, workspace), "") for item in found))
        if self._summary:
            from rundown.render.job_summary import render_job_summary

            page = render_job_summary((reader.report for reader in self._readers), refusals, suggestion)
            _append(self._summary, page)

    def _write_junit(self) -> None:
        if self._junit is None:
            return
        from rundown.render.junit import render_junit

        try:
            self._junit.write(render_junit(self._readers, self._problems))
        except OSError as error:
            _warn("cli/no-junit", f"the JUnit report {self._junit.place} could not be written", error)


_SHOWN_BYTES = 16 * 1024


class _Reported:
    """A front end whose events and output are read for reports as well."""

    def __init__(self, frontend: Frontend, reader: ReportReader, sections: Sections | None) -> None:
        self._frontend = frontend
        self._reader = reader
        self._sections = sections
        self.present = frontend.present

    def show(self, event: Event) -> None:
        """Shows one event."""
        body = event.body
        self._reader.read(event.at, body)
        if self._sections is not None:
            if isinstance(body, StepStarted):
                speak(self._sections.begin(case_name(body.position, body.title), event.at))
            elif isinstance(body, StepFinished | RunPaused | RunFinished | ChildStarted):
                speak(self._sections.end(event.at))
        self._frontend.show(event)

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Passes on what a step prints."""
        self._reader.output(chunk)
        self._frontend.output(stream, chunk)


def runner_dialect(environ: Mapping[str, str]) -> Dialect | None:
    """Returns whose commands are understood where this runs, None for nobody's."""
    if is_set(environ, "GITHUB_ACTIONS"):
        return "github"
    return "gitlab" if is_set(environ, "GITLAB_CI") else None


def annotate(items: tuple[Diagnostic, ...], environ: Mapping[str, str]) -> None:
    """Shows problems beside the lines of their files, where GitHub reads this."""
    if runner_dialect(environ) == "github":
        workspace = environ.get("GITHUB_WORKSPACE", "")
        said = "".join(render_annotation(_below(item, workspace), "") for item in items[:_MOST_ANNOTATIONS])
        speak(said, on_stderr=True)  # standard output may be a program's to read


def _below(item: Diagnostic, workspace: str) -> Diagnostic:
    """GitHub looks for files below its workspace; a place elsewhere is left as it is."""
    span = item.span
    if span is None or not workspace or span.file.startswith("<"):
        return item
    path, top = os.path.realpath(span.file), os.path.realpath(workspace)
    shown = os.path.relpath(path, top) if path.startswith(f"{top}/") else span.file
    return replace(item, span=Span(file=shown, line=span.line, column=span.column))


def _append(path: str, text: str) -> None:
    """Source: GitHub's runner makes the file before each step; a link or another kind of file is not its."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "ab") as stream:
            stream.write(text.encode("utf-8", "replace"))
    except OSError as error:
        _warn("cli/no-job-summary", "the job summary could not be written", error)


def _warn(code: str, message: str, error: OSError) -> None:
    item = Diagnostic(code=code, message=message, why=error.strerror or str(error), severity="warning")
    with suppress(OSError):
        sys.stderr.write(render_diagnostics((item,), error_style()))
        sys.stderr.flush()
