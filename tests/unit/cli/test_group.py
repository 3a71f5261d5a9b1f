"""Every way a command can end has an exit code and one form of telling; none has a traceback."""

import re
from pathlib import Path

import click
import pytest

from rundown.cli.group import INSIDE, root, run_command_line
from rundown.errors import (
    InvalidInputError,
    PersonNeededError,
    PolicyDeniedError,
    RecordError,
    RundownError,
    SandboxUnavailableError,
)
from rundown.model.diagnostic import Diagnostic
from tests.support.command_line import Cli

ALL = root.list_commands(click.Context(root))


def ends_with(problem: BaseException) -> click.Group:
    """Returns a command line whose only command ends like this."""

    @click.group()
    @click.option("--debug", is_flag=True)
    def commands(debug: bool) -> None: ...

    @commands.command("end")
    def end() -> None:
        raise problem

    return commands


def ended(problem: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run_command_line(["end"], ends_with(problem))
    printed = capsys.readouterr()
    assert (printed.out, "Traceback" in printed.err) == ("", False)
    return code, printed.err


# --- what a person mistypes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rum"], "there is no command `rum`; did you mean `rundown run`?"),
        (["reseume"], "there is no command `reseume`; did you mean `rundown resume`?"),
        (["qqqqqq"], "there is no command `qqqqqq`; `rundown --help` lists the commands"),
        (["run"], "Missing argument 'FILE'"),
        (["ls", "--al"], "No such option '--al'"),
        (["--nope"], "No such option '--nope'"),
        (["policy", "expalin"], "No such command 'expalin'"),
        (["log", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of"),
    ],
)
def test_a_mistake_is_told_with_the_usage_and_where_help_is(words: list[str], told: str, cli: Cli) -> None:
    ran = cli(*words)
    first, *rest = ran.err.splitlines()
    assert (ran.code, ran.out, first.startswith(f"error[cli/usage]: {told}")) == (2, "", True)
    assert [line.split()[0] for line in rest] == ["why:", "fix:"]
    assert rest[1].endswith("--help")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("--sandbox=bset", "--sandbox takes no value `bset`: write --sandbox alone, or --sandbox=best"),
        ("-y=al", "-y takes no value `al`: write -y alone, or -y=all"),
    ],
)
def test_the_one_value_of_an_option_is_named_where_another_is_given(word: str, told: str, cli: Cli) -> None:
    ran = cli("run", word, "a.runbook.md")
    assert (ran.code, ran.err.splitlines()[0]) == (2, f"error[cli/usage]: {told}")


def test_a_long_option_is_answered_with_its_neighbours(cli: Cli) -> None:
    assert "--allow-run" in cli("run", "--alow-run", "x", "a.md").err


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_help_lists_every_command_in_its_order(words: list[str], cli: Cli) -> None:
    ran = cli(*words)
    listed = [line.split()[0] for line in ran.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert (ran.code, ran.err, listed[: len(ALL)]) == (0, "", ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_help_of_its_own(name: str, cli: Cli) -> None:
    ran = cli(name, "--help")
    assert (ran.code, ran.err, ran.out.startswith(f"Usage: rundown {name} ")) == (0, "", True)


@pytest.mark.parametrize("words", [*([name] for name in ALL), ["policy", "explain"]], ids=" ".join)
def test_help_names_every_option_and_what_it_does(words: list[str], cli: Cli) -> None:
    command: click.Command = root
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    shown = cli(*words, "--help").out
    flat = " ".join(shown.split()).lower()
    for option in (param for param in command.params if isinstance(param, click.Option) and not param.hidden):
        assert all(re.search(rf"{re.escape(name)}\b", shown) for name in option.opts), option.opts
        said = " ".join((option.help or "").split()).lower()
        assert said in flat or said.partition(" ")[2] in flat, option.opts


def test_a_group_without_a_command_shows_what_it_has(cli: Cli) -> None:
    ran = cli("policy")
    assert (ran.code, ran.err, "explain" in ran.out) == (0, "", True)


@pytest.mark.parametrize(("alias", "name"), [("yes", "pass"), ("ok", "pass"), ("no", "fail")])
def test_an_alias_is_the_command(alias: str, name: str, cli: Cli) -> None:
    assert cli(alias, "--help").out.partition("\n\n")[2] == cli(name, "--help").out.partition("\n\n")[2]


def test_words_behind_two_dashes_are_nobodys_options(cli: Cli) -> None:
    ran = cli("policy", "explain", "--json", "--", "git log --yes=all --debug")
    assert (ran.code, '"resource":"git"' in ran.out) == (0, True)


# --- how commands end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (RundownError, 2),
        (InvalidInputError, 2),
        (PolicyDeniedError, 3),
        (SandboxUnavailableError, 4),
        (PersonNeededError, 5),
        (RecordError, 6),
    ],
)
def test_a_problem_is_told_whole_and_has_its_exit_code(
    kind: type[RundownError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [Diagnostic(code=f"a/{name}", message=name, why="w", fix="f") for name in ("one", "two")]
    assert ended(kind(*problems), capsys) == (
        code,
        "error[a/one]: one\n  why: w\n  fix: f\n\nerror[a/two]: two\n  why: w\n  fix: f\n",
    )


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), click.Abort()], ids=["Ctrl-C", "abort"])
def test_an_interrupt_ends_with_130(problem: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ended(problem, capsys)
    assert (code, told.strip()) == (130, "interrupted")


def test_an_end_of_file_that_no_person_typed_is_a_defect(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ended(EOFError("marshal data too short"), capsys)
    assert (code, told.strip().splitlines()[0]) == (
        2,
        "error[cli/internal]: rundown itself failed: EOFError: marshal data too short",
    )


def test_a_broken_pipe_is_nothing_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(BrokenPipeError(), capsys) == (1, "")


def test_what_the_system_refuses_is_no_defect_of_rundown(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ended(OSError(36, "File name too long", "/tmp/x\x1b[2J"), capsys)
    assert (code, told.splitlines()[0]) == (
        2,
        "error[cli/refused-by-system]: the system refused: File name too long (/tmp/x\\x1b[2J)",
    )


def test_a_defect_is_told_without_a_traceback_and_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2-is-long")
    code, told = ended(ValueError("bad value hunter2-is-long\x1b[2J"), capsys)
    assert (code, told.splitlines()[0]) == (
        2,
        "error[cli/internal]: rundown itself failed: ValueError: bad value [REDACTED:DEPLOY_TOKEN]\\x1b[2J",
    )


@pytest.mark.parametrize("words", [["end", "--debug"], ["--debug", "end"]])
def test_a_defect_is_shown_whole_to_whoever_asks(words: list[str]) -> None:
    with pytest.raises(ValueError, match="shown whole"):
        run_command_line(words, ends_with(ValueError("shown whole")))


def test_what_a_command_returns_is_the_exit_code() -> None:
    @click.group()
    def commands() -> None: ...

    @commands.command("seven")
    def seven() -> int:
        return 7

    assert run_command_line(["seven"], commands) == 7


# --- inside a step --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ALL if name not in INSIDE])
def test_inside_a_step_what_would_act_on_runs_is_refused(
    name: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RD_RUN_ID", "r")
    ran = cli(name, "--help")
    assert (ran.code, ran.out, ran.err.splitlines()[0]) == (
        4,
        "",
        f"error[cli/inside-a-step]: `rundown {name}` does not work inside a step",
    )


@pytest.mark.parametrize(
    ("words", "code", "out"),
    [
        (["echo", "-r", "fail", "hello", "--world"], 1, "hello --world\n"),
        (["echo", "hello"], 0, "hello\n"),
        (["prompt", "Call\x1b[2J", "Ada"], 0, "Call\\x1b[2J Ada\n"),
        (["resolve", "a.runbook.md"], 0, "@/a.runbook.md\n"),
        (["check", "a.runbook.md"], 0, "✓ 1 file: 1 valid, 0 not; 0 errors, 0 warnings\n"),
    ],
)
def test_inside_a_step_small_commands_work(
    words: list[str], code: int, out: str, cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "a.runbook.md").write_text("# T\n\n## 1. A\n\n```sh\ntrue\n```\n")
    monkeypatch.setenv("RD_RUN_ID", "r")
    ran = cli(*words)
    assert (ran.code, ran.out, ran.err) == (code, out.replace("@", str(project)), "")


@pytest.mark.parametrize(("attempt", "code"), [("1", 1), ("2", 1), ("3", 0), ("9", 0), ("0", 1), ("x", 1)])
def test_echo_gives_the_result_of_its_attempt(
    attempt: str, code: int, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RD_ATTEMPT", attempt)
    assert cli("echo", "-r", "fail", "-r", "fail", "-r", "pass", "x").code == code
