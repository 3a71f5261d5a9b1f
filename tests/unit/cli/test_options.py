"""What flags mean, seen in what policy then decides; what is ambiguous is refused."""

import json

import click
import pytest

from rundown.cli.options import policy_options
from rundown.errors import InvalidInputError
from rundown.session.wish import Wish
from tests.support.command_line import Cli


def outcomes(cli: Cli, text: str, *flags: str) -> dict[str, str]:
    """Returns what would be decided on each thing that a text does."""
    ran = cli("policy", "explain", "--json", *flags, "--", text)
    assert ran.code == 0, ran.err
    return {item["resource"]: item["outcome"] for item in json.loads(ran.out)["operations"]}


def wish(*words: str) -> Wish:
    """Returns what the words of a command that executes something become."""
    found: list[Wish] = []

    @click.command()
    @click.argument("files", nargs=-1)
    @policy_options
    def command(files: tuple[str, ...], wish: Wish) -> None:
        found.append(wish)

    command.main(args=list(words), standalone_mode=False)
    return found[0]


THREE = "jo a; tac b; xq c"


@pytest.mark.parametrize(
    ("flags", "allowed"),
    [
        ([], []),
        (["--allow-run", "jo,tac"], ["jo", "tac"]),
        (["--allow-run=jo, tac"], ["jo", "tac"]),
        (["--allow-run", "jo", "--allow-run", "xq"], ["jo", "xq"]),
        (["--allow-run", "jo,tac,xq", "--deny-run", "tac"], ["jo", "xq"]),
        (["--allow-all"], ["jo", "tac", "xq"]),
        (["--allow-all", "--deny-all"], []),
        (["-y"], ["jo", "tac", "xq"]),
        (["--yes"], ["jo", "tac", "xq"]),
    ],
)
def test_lists_take_commas_and_repetition_and_denials_win(
    flags: list[str], allowed: list[str], cli: Cli
) -> None:
    found = outcomes(cli, THREE, *flags)
    assert [name for name, outcome in found.items() if outcome == "allow"] == allowed


@pytest.mark.parametrize(
    ("flag", "told"),
    [("-y", {"jo": "allow", '"$X"': "ask"}), ("--yes=all", {"jo": "allow", '"$X"': "allow"})],
)
def test_yes_is_for_plain_executables_and_yes_all_for_every_ask(
    flag: str, told: dict[str, str], cli: Cli
) -> None:
    assert outcomes(cli, 'jo a; "$X" b', flag) == told


def test_yes_takes_no_word_of_its_own() -> None:
    assert (wish("-y", "all").flags.yes, wish("all", "-y").flags.yes) == ("executables", "executables")


@pytest.mark.parametrize("verb", ["allow", "deny"])
@pytest.mark.parametrize("name", ["run", "read", "write", "env", "net", "host"])
@pytest.mark.parametrize("value", ["", ",", "pid,,net", " "])
def test_an_empty_list_never_means_everything(verb: str, name: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        wish(f"--{verb}-{name}={value}")
    assert {item.code for item in caught.value.diagnostics} == {"policy/empty-list"}


def test_an_empty_list_is_told_with_its_flag(cli: Cli) -> None:
    ran = cli("policy", "explain", "--allow-net=", "--", "true")
    assert (ran.code, ran.out, ran.err.splitlines()[0]) == (
        2,
        "",
        "error[policy/empty-list]: --allow-net has an empty entry",
    )


@pytest.mark.parametrize(
    ("words", "sandbox"),
    [
        ([], "default"),
        (["--sandbox"], "default"),
        (["--sandbox-best"], "best"),
        (["--sandbox-strict"], "strict"),
        (["--no-sandbox"], "none"),
        (["--allow-all"], "none"),
        (["--allow-all", "--sandbox"], "default"),
        (["--allow-all", "--sandbox-strict"], "strict"),
    ],
)
def test_the_sandbox_is_what_is_asked_for(words: list[str], sandbox: str) -> None:
    assert wish(*words).sandbox == sandbox


@pytest.mark.parametrize(
    "words",
    [
        ["--sandbox", "--no-sandbox"],
        ["--sandbox=best", "--sandbox-strict"],
        ["--no-sandbox", "--sandbox-strict"],
        ["--sandbox=best", "--no-sandbox"],
    ],
)
def test_two_sandboxes_are_one_too_many(words: list[str], cli: Cli) -> None:
    ran = cli("policy", "show", *words)
    assert (ran.code, ran.out, "choose one of --sandbox, --sandbox=best" in ran.err) == (2, "", True)


def test_the_best_sandbox_hangs_on_its_word(cli: Cli) -> None:
    assert cli("policy", "show", "--json", "--sandbox=best").code == 0
    assert cli("policy", "show", "--json", "--sandbox=worst").code == 2


def test_everything_else_reaches_the_wish_as_typed() -> None:
    found = wish("--policy", "p.yaml", "--non-interactive", "--trust-project", "--root", "..", "f.md")
    assert (found.policy_file, found.non_interactive, found.trust_project, str(found.root)) == (
        "p.yaml",
        True,
        True,
        "..",
    )
