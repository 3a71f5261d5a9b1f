"""`rundown run`: a runbook from its first step to its end, or to a pause."""

import shlex
from functools import partial
from pathlib import Path

import click
from msgspec.structs import replace

from rundown.cli.background import Background, go_to_background
from rundown.cli.dry_run import rehearse_run, tell_rehearsal
from rundown.cli.ending import Telling
from rundown.cli.front import Look, TerminalFront, open_front
from rundown.cli.hangup import HangUp
from rundown.cli.inputs import given_values, input_options
from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import flags_again, policy_options
from rundown.cli.part_options import Part, chosen_part, part_options, steps_directory
from rundown.cli.places import place_again
from rundown.cli.report_options import DurationParameter, Reports, report_options
from rundown.cli.reporting import Reporting
from rundown.cli.screen import tell
from rundown.cli.signals import heard
from rundown.cli.standing_in import stand_in
from rundown.cli.stepping import step_by_step_helm
from rundown.cli.suggestion import write_suggestion
from rundown.cli.surroundings import read_surroundings
from rundown.cli.tui import show
from rundown.render.escape import visible
from rundown.session.build import open_house
from rundown.session.desk import open_desk
from rundown.session.library import Opened, open_runbook
from rundown.session.needs import Needs
from rundown.session.preparation import Invocation, prepare
from rundown.session.project import find_project
from rundown.session.run import Start
from rundown.session.runner import Runner
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish
from rundown.syntax.caution import cautions

_EPILOG = """\b
Examples:
  rundown run runbooks/hello.runbook.md
  rundown run deploy.runbook.md --input env=staging --allow-run kubectl
  rundown run build.runbook.md --policy policies/ci.yaml --non-interactive

Exit code: 0 complete, 1 stopped or failed, 2 usage or not valid, 3 denied by policy, 4 no sandbox,
5 a person is needed, 6 the record cannot be kept, 130 interrupted.
"""


@click.command("run", cls=SectionedCommand, epilog=_EPILOG)
@click.argument("file", metavar="FILE")
@input_options
@part_options
@click.option("--prompted", "--manual", is_flag=True, help="Show commands instead of running them.")
@click.option("--dry-run", is_flag=True, help="Only list what would be asked for and denied; 3 if anything.")
@click.option("--step-by-step", is_flag=True, help="Ask before each step whether it shall begin.")
@click.option("--detach", is_flag=True, help="Ask here, then go on without this terminal: `rundown attach`.")
@click.option(
    "--expires",
    "expires_ns",
    type=DurationParameter(),
    metavar="TIME",
    help="No step begins later than that after the start, pauses included: 90m, 24h.",
)
@click.option("--no-preflight", is_flag=True, help="Ask at each step only, not before the first one.")
@click.option("--agent", metavar="KIND", help="Who does agent steps that name no kind.")
@click.option("--tui", is_flag=True, help="In the terminal UI, as `rundown tui FILE`.")
@report_options
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where to keep the record.")
@policy_options
def command(
    file: str,
    inputs: dict[str, tuple[str, ...]],
    part: Part,
    prompted: bool,
    dry_run: bool,
    step_by_step: bool,
    no_preflight: bool,
    agent: str | None,
    reports: Reports,
    tui: bool,
    detach: bool,
    expires_ns: int | None,
    wish: Wish,
) -> int:
    """Run FILE: a path, `-` for standard input, or a name below runbooks/."""
    around = read_surroundings()
    if detach and (tui or dry_run or step_by_step):
        raise click.UsageError("--detach goes with none of --tui, --dry-run, --step-by-step")
    background = go_to_background(as_json=reports.as_json) if detach else None
    if isinstance(background, int):
        return background
    wish = replace(wish, timeout_ns=reports.timeout_ns, expires_ns=expires_ns)
    wish = replace(wish, non_interactive=wish.non_interactive or dry_run)
    shape = partial(_shape, part, wish, around)
    part = replace(part, prompted=prompted, agent=agent)
    code = stand_in(file, part, wish, inputs=inputs, reports=reports)
    if code is not None:
        return code
    if tui:
        _refuse_reports(reports, dry_run=dry_run)
        return show(
            file,
            wish,
            inputs=inputs,
            prompted=prompted,
            no_preflight=no_preflight,
            agent=agent,
            shape=shape,
        )
    with Reporting(reports, around.environ) as reporting:
        opened = _open(file, around, reports)
        front = open_front(around, wish, Look(as_json=reports.as_json, raw=reports.raw, plain=reports.plain))
        if step_by_step:
            front = replace(front, helm=step_by_step_helm(front.prompter))
        invocation = Invocation(
            given=given_values(inputs, around),
            around=around,
            prompter=front.prompter,
            root=wish.root,
            hidden=inputs["hidden"],
            prompted=prompted,
            agent=agent,
        )
        start = replace(shape(opened, prepare(opened, invocation)), preflight=not no_preflight)
        if dry_run:
            return _rehearse(file, opened, start, reporting, (wish, around))
        if background is not None:
            root = find_project(opened.document.path, around.cwd, around.home, wish.root).root
            front = background.around(front, place_again(root, wish, around))
        return _perform(opened, start, front, reporting, invocation=(wish, around), background=background)


def _open(file: str, around: Surroundings, reports: Reports) -> Opened:
    opened = open_runbook(file, around.cwd)
    if not (reports.as_json or reports.quiet):
        tell(*cautions(opened.runbook, opened.warnings))
    return opened


def _perform(
    opened: Opened,
    start: Start,
    front: TerminalFront,
    reporting: Reporting,
    *,
    invocation: tuple[Wish, Surroundings],
    background: Background | None,
) -> int:
    (wish, around), reports = invocation, reporting.wanted
    hangup = HangUp()
    with heard(front.terminal.size, front.ending, hangup) as hearing:
        with open_house(wish, around, opened.document.path, front.prompter) as house:
            hearing.attach(house.room)
            front.notice.words = house.desk.loaded.notify
            runner = Runner(house, reporting.around(hangup.heeded(front), flags_again(wish)))
            ended = runner.start(opened, start)
            hearing.rest()
            place = place_again(house.desk.project.root, wish, around)
            if background is not None:
                background.tell_waiting(ended, front.notice.send, place)
        if reporting.suggestion is not None:
            write_suggestion(reporting.suggestion, runner.needs, invocation, opened, start)
        telling = Telling(
            prompted=start.prompted,
            as_json=reports.as_json,
            quiet=reports.quiet,
            again=flags_again(wish),
            place=place,
            anew="" if start.prompted else _anew(opened),
        )
        return reporting.tell(ended, telling)


def _anew(opened: Opened) -> str:
    """The command that starts this runbook, its values left out: some may be secret."""
    if opened.document.path is None:
        return ""
    values = " --input …" if opened.runbook.front.inputs else ""
    return f"rundown run {visible(shlex.quote(opened.document.file))}{values}"


def _shape(part: Part, wish: Wish, around: Surroundings, opened: Opened, start: Start) -> Start:
    root = find_project(opened.document.path, around.cwd, around.home, wish.root).root
    start = chosen_part(start, part, opened.runbook)
    return replace(start, cwd=steps_directory(part, around.cwd, root))


def _refuse_reports(reports: Reports, *, dry_run: bool) -> None:
    """What is for programs and what is for a person in front of a screen do not go together."""
    if dry_run or reports != Reports(timeout_ns=reports.timeout_ns):
        raise click.UsageError("--tui goes with none of --dry-run, --json, --junit, --quiet, --raw-output")


def _rehearse(
    file: str, opened: Opened, start: Start, reporting: Reporting, invocation: tuple[Wish, Surroundings]
) -> int:
    wish, around = invocation
    reports = reporting.wanted
    found = rehearse_run(open_desk(wish, around, opened.document.path), opened, start)
    if reporting.suggestion is not None:
        write_suggestion(reporting.suggestion, Needs(), invocation, opened, start)
    if reports.quiet:
        return found.code
    return tell_rehearsal(found, file, again=flags_again(wish), as_json=reports.as_json)
