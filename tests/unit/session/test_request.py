"""What is frozen: the shell's whole command line, what the text can do, and where it stands."""

import pytest
from msgspec.structs import replace

from rundown.model.diagnostic import Span
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.model.runbook import AgentBody, CommandBody, FenceOptions, ShellOptions
from rundown.session.request import (
    Place,
    binding_digest,
    freeze_agent,
    freeze_argv,
    freeze_command,
    freeze_nothing,
)
from tests.support.fakes import PlainWorkspace

PLACE = Place(run_id="r", position="2.1", attempt=3, cwd="/srv/app")
SPAN = Span(file="a.runbook.md", line=9, excerpt="```sh")
HOST = PlainWorkspace(variables=frozenset({"HOME", "PWD", "OLDPWD", "SHLVL", "DEPLOY_ENV", "OTHER"}))


def command(text: str, language: str = "sh", **options: object) -> CommandBody:
    return CommandBody(language=language, text=text, span=SPAN, options=FenceOptions(**options))  # type: ignore[arg-type]


def freeze(text: str, shell: ShellOptions = ShellOptions(), **options: object) -> ExecutionRequest:  # noqa: B008 - a frozen value
    return freeze_command(PLACE, command(text, **options), shell, HOST)


def resources(request: ExecutionRequest, capability: Capability) -> list[tuple[str, str | None, str]]:
    return [
        (item.resource, item.resolved, item.note)
        for item in request.operations
        if item.capability is capability
    ]


def test_a_command_is_frozen_whole() -> None:
    assert freeze('cat "$DEPLOY_ENV"\n', timeout_ns=5, confirm="sure?") == ExecutionRequest(
        run_id="r",
        position="2.1",
        attempt=3,
        kind="sh",
        text='cat "$DEPLOY_ENV"\n',
        argv=("/bin/sh", "-c", 'cat "$DEPLOY_ENV"\n'),
        cwd="/srv/app",
        env_names=("DEPLOY_ENV",),
        operations=(
            Operation(
                capability=Capability.RUN,
                resource="cat",
                resolved="/usr/bin/cat",
                argv=("cat", None),
                span=(0, 17),
            ),
            Operation(capability=Capability.ENV, resource="DEPLOY_ENV", note="used by the step's text"),
        ),
        span=SPAN,
        confirm="sure?",
        timeout_ns=5,
    )


@pytest.mark.parametrize(
    ("language", "shell", "words"),
    [
        ("bash", ShellOptions(), ("/bin/bash", "--norc", "--noprofile", "-c")),
        ("sh", ShellOptions(), ("/bin/sh", "-c")),
        (
            "bash",
            ShellOptions(errexit=True, nounset=True, pipefail=True),
            ("/bin/bash", "--norc", "--noprofile", "-e", "-u", "-o", "pipefail", "-c"),
        ),
        ("sh", ShellOptions(errexit=True, nounset=True, pipefail=True), ("/bin/sh", "-e", "-u", "-c")),
    ],
)
def test_a_shell_reads_no_file_of_its_own_and_has_the_options_of_the_runbook(
    language: str, shell: ShellOptions, words: tuple[str, ...]
) -> None:
    assert freeze("true\n", shell, language=language).argv == (*words, "true\n")


def test_the_fences_words_are_things_to_decide() -> None:
    request = freeze("git log\n", cwd="/srv/elsewhere", env=("OTHER", "ABSENT"), host=("pid", "net"))
    assert (request.cwd, request.env_names, request.host) == (
        "/srv/elsewhere",
        ("ABSENT", "OTHER"),
        ("pid", "net"),
    )
    assert {
        capability: resources(request, capability)
        for capability in (Capability.READ, Capability.ENV, Capability.HOST)
    } == {
        Capability.READ: [("/srv/elsewhere", "/srv/elsewhere", "the fence's cwd=")],
        Capability.ENV: [
            ("ABSENT", None, "the fence's env="),
            ("OTHER", None, "the fence's env="),
        ],
        Capability.HOST: [
            ("pid", None, "the fence's word"),
            ("net", None, "the fence's word"),
        ],
    }


def test_a_variable_that_the_parent_does_not_have_is_nobodys_secret() -> None:
    assert freeze('echo "$NOT_THERE"\n').env_names == ()


def test_what_a_shell_sets_anew_in_any_case_is_not_asked_for() -> None:
    assert freeze('echo "$PWD $OLDPWD $SHLVL"; PATH_="$PWD/bin"\n').env_names == ()


def test_typed_words_are_no_shell_text() -> None:
    request = freeze_argv(PLACE, ("sh", "-c", "rm x"), HOST)
    assert (request.kind, request.text, request.argv, request.span) == (
        "argv",
        "",
        ("sh", "-c", "rm x"),
        Span(file="<command line>", line=1, excerpt="sh -c 'rm x'"),
    )
    assert {item.resource for item in request.operations} == {"sh", "rm"}


def test_an_agents_script_is_decided_as_a_script() -> None:
    body = AgentBody(kind="command", text="rm x\n", span=SPAN, options=FenceOptions(env=("OTHER",)))
    request = freeze_agent(PLACE, "rm x\n", body, HOST)
    script = freeze_command(PLACE, command("rm x\n", env=("OTHER",)), ShellOptions(), HOST)
    assert request == replace(script, kind="agent")


def test_reading_a_file_starts_nothing() -> None:
    wanted = Operation(capability=Capability.READ, resource="a.json", resolved="/srv/app/a.json")
    request = freeze_nothing(PLACE, wanted)
    assert (request.argv, request.text, request.operations) == ((), "", (wanted,))


def test_a_binding_is_another_digest_for_another_salt_name_or_value() -> None:
    digests = {
        binding_digest(*words)
        for words in [("s", "a", "v"), ("t", "a", "v"), ("s", "b", "v"), ("s", "a", "w"), ("s", "av", "")]
    }
    assert len(digests) == 5
