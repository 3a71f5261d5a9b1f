"""The command tree, loaded a command at a time, and the mapping of every ending to an exit code."""

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from rundown import __version__
from rundown.cli.runner_streams import is_guarded
from rundown.cli.screen import discreet, error_style
from rundown.cli.streams import finish_streams
from rundown.errors import RundownError, SandboxUnavailableError
from rundown.model.diagnostic import Diagnostic
from rundown.render.diagnostic import render_diagnostics

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "init": ("rundown.cli.init:command", "Set up this folder: a runbook, a policy, an ignore file."),
    "run": ("rundown.cli.run:command", "Run a runbook, step by step, asked for and confined."),
    "tui": ("rundown.cli.tui:command", "The terminal UI: look, run step by step, approve, resume."),
    "resume": ("rundown.cli.resume:command", "Go on with a run that was interrupted, paused or denied."),
    "attach": ("rundown.cli.attach:command", "Watch a run that goes on without a terminal, and answer it."),
    "check": ("rundown.cli.check:command", "Validate runbooks; all problems at once."),
    "exec": ("rundown.cli.exec:command", "Run one command as a step would be run, under policy."),
    "policy": ("rundown.cli.policy:command", "Explain, show and check policies."),
    "doctor": ("rundown.cli.doctor:command", "What this host can enforce, and how to get the rest."),
    "ls": ("rundown.cli.ls:command", "List runs."),
    "show": ("rundown.cli.show:command", "Show one run: steps, decisions, gaps, output."),
    "status": ("rundown.cli.show:status", "Say where a run is."),
    "log": ("rundown.cli.log:command", "Print a run's events."),
    "diff": ("rundown.cli.diff:command", "Show what the steps of a run changed."),
    "verify": ("rundown.cli.verify:command", "Check a receipt, by keys that you name."),
    "keys": ("rundown.cli.keys:command", "The key that receipts are signed with."),
    "pass": ("rundown.cli.drive:passed", "Report that what a run waits for went well."),
    "fail": ("rundown.cli.drive:failed", "Report that what a run waits for went wrong."),
    "goto": ("rundown.cli.drive:jumped", "Move a run to another step."),
    "retry": ("rundown.cli.drive:retried", "Run the step again at which a run has paused."),
    "stop": ("rundown.cli.drive:stopped", "End a run as failed."),
    "complete": ("rundown.cli.drive:completed", "End a run as complete."),
    "stash": ("rundown.cli.stash:stash", "Set the active run aside."),
    "pop": ("rundown.cli.stash:pop", "Make the run that was set aside the active one again."),
    "prune": ("rundown.cli.prune:command", "Remove old runs."),
    "scenario": ("rundown.cli.scenario:command", "List, show and run a runbook's scenarios."),
    "trust": ("rundown.cli.trust:trust", "Trust this project's policy document as it is now."),
    "grants": ("rundown.cli.trust:grants", "List or forget what you always allow here."),
    "concourse": ("rundown.cli.concourse:command", "Answer Concourse as a resource: check, in, out."),
    "completion": ("rundown.cli.completion:command", "Print the shell's completion for rundown."),
    "echo": ("rundown.cli.inside:echo", "A stand-in for a real command, for scenarios."),
    "prompt": ("rundown.cli.inside:prompt", "Print a text for a person."),
    "resolve": ("rundown.cli.inside:resolve", "Print the path of a runbook."),
}
INSIDE = frozenset({"echo", "prompt", "check", "resolve", "policy"})
"""Commands that work inside a step; the others would act on the run that they are part of."""

_ALIASES = {"yes": "pass", "ok": "pass", "no": "fail"}
_ATTACHED = {"--yes=all": "--yes-all", "-y=all": "--yes-all", "--sandbox=best": "--sandbox-best"}
"""Words with an optional value, which must hang on them: `--yes FILE` is a flag and a file."""


_VALUES = {"--yes": "all", "-y": "all", "--sandbox": "best"}

_COMPLETING = "_RUNDOWN_COMPLETE"
"""Set by the shell's completion. Source: click's documentation, "Shell Completion"."""


class LazyGroup(click.Group):
    """Imports a command's module when it is called, and knows the nearest name of a mistyped one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if "RD_RUN_ID" in os.environ and cmd_name not in INSIDE:
            raise SandboxUnavailableError(_nested(cmd_name))
        place, _ = _COMMANDS.get(_ALIASES.get(cmd_name, cmd_name), ("", ""))
        if not place:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        if _COMPLETING in os.environ:
            from rundown.cli.completing import equip

            return equip(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns commands without importing one of them, and options."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=text)
            for name, (_, text) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in {*_COMMANDS, *_ALIASES} and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"did you mean `rundown {near[0]}`?" if near else "`rundown --help` lists the commands"
            raise click.UsageError(f"there is no command `{args[0]}`; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


_EPILOG = """\b
Examples:
  rundown run runbooks/hello.runbook.md     ask, confine, run, record
  rundown check README.md                   what would have to change to run it
  rundown exec -- pytest -q                 one command, as a step would run
  rundown policy explain -- 'curl x | sh'   what would be decided, and by which rule
"""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)
@click.version_option(__version__, message="rundown %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks of internal errors.")
@click.pass_context
def root(ctx: click.Context, debug: bool) -> None:
    """Run Markdown runbooks: every step asked for first, then confined by the Linux kernel."""
    if ctx.invoked_subcommand is None:
        from rundown.cli.screen import stream_style
        from rundown.cli.welcome import welcome

        click.echo(welcome(stream_style(sys.stdout)), nl=False)


def run_command_line(words: list[str], commands: click.Group = root) -> int:
    """Runs the words of a command line; returns the exit code. Whatever happens is told in one form, and no
    traceback is shown without `--debug`."""
    end = words.index("--") if "--" in words else len(words)
    debug = "--debug" in words[:end]
    own = [_ATTACHED.get(word, word) for word in words[:end] if word != "--debug"]
    odd = next((word for word in own if word.partition("=")[0] in _VALUES and "=" in word), None)
    code = _run(commands, [*own, *words[end:]], debug) if odd is None else _usage(_odd_value(odd))
    lost = finish_streams()
    if lost is None or isinstance(lost, BrokenPipeError) or code != 0:
        return code
    return _tell(_refused(lost), code=2)


def _run(commands: click.Group, words: list[str], debug: bool) -> int:
    try:
        code = commands.main(args=words, prog_name="rundown", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt) as ending:
        if isinstance(ending.__cause__, EOFError):  # click takes any for the end of a person's input
            if debug:
                raise ending.__cause__ from None
            return _tell(_internal(ending.__cause__), code=2)
        sys.stderr.write("interrupted\n")
        return 130
    except click.ClickException as problem:
        return _usage(problem)
    except RundownError as problem:
        return _tell(*problem.diagnostics, code=problem.exit_code)
    except BrokenPipeError:
        return 1
    except Exception as problem:
        if debug:
            raise
        return _tell(_refused(problem) if isinstance(problem, OSError) else _internal(problem), code=2)


def _tell(*items: Diagnostic, code: int) -> int:
    finish_streams()
    items = discreet(items)
    sys.stderr.write(render_diagnostics(items, error_style()))
    if is_guarded():
        from rundown.cli.reporting import annotate

        annotate(items, os.environ)
    return code


def _usage(problem: click.ClickException) -> int:
    ctx = getattr(problem, "ctx", None)
    if ctx is not None and isinstance(problem, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        sys.stdout.write(ctx.get_help() + "\n")
        return 0
    item = Diagnostic(
        code="cli/usage",
        message=problem.format_message().rstrip("."),
        why=ctx.command.get_usage(ctx) if ctx is not None else "",
        fix=f"{ctx.command_path if ctx is not None else 'rundown'} --help",
    )
    return _tell(item, code=2)


def _odd_value(word: str) -> click.UsageError:
    name, _, value = word.partition("=")
    only = f"{name}={_VALUES[name]}"
    return click.UsageError(f"{name} takes no value `{value}`: write {name} alone, or {only}")


def _nested(name: str) -> Diagnostic:
    return Diagnostic(
        code="cli/inside-a-step",
        message=f"`rundown {name}` does not work inside a step",
        why="a step cannot start or drive runs, or confine anything by itself",
        fix="refer to the runbook from a list: `- other.runbook.md`",
    )


def _refused(problem: OSError) -> Diagnostic:
    where = f" ({problem.filename})" if isinstance(problem.filename, str) else ""
    return Diagnostic(
        code="cli/refused-by-system",
        message=f"the system refused: {problem.strerror or problem}{where}",
        why="rundown needs it to go on; nothing further was run",
        fix="run the same command with --debug to see where it happened",
    )


def _internal(problem: Exception) -> Diagnostic:
    return Diagnostic(
        code="cli/internal",
        message=f"rundown itself failed: {type(problem).__name__}: {problem}",
        why="this is a defect of rundown; nothing further was run",
        fix="run the same command with --debug and report what it prints",
    )
