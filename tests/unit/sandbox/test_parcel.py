"""What the process that becomes the command is handed."""

import fcntl
import os

import pytest
from msgspec.structs import replace

from rundown.model.sandbox import SandboxPlan
from rundown.sandbox.parcel import Parcel
from rundown.sandbox.recipe import recipe_of


def _plan(**changes) -> SandboxPlan:
    plain = SandboxPlan(
        request_digest="d", argv=("/bin/sh", "-c", "true"), cwd="/", env=(), namespaces=(), mounts=(), landlock=(),
        landlock_abi=0, seccomp=False,
    )  # fmt: skip
    return replace(plain, **changes)


def _parcel(plan, stdin_fd=None) -> Parcel:
    return Parcel(plan, recipe_of(plan), {}, stdin_fd)


def test_without_a_terminal_there_are_two_pipes_and_no_input():
    with _parcel(_plan()) as parcel:
        readers = list(parcel.readers())
        assert (sorted(parcel.fds), [stream for _, stream in readers]) == (
            ["stderr", "stdin", "stdout"],
            ["stdout", "stderr"],
        )
        assert os.read(parcel.fds["stdin"], 1) == b""
        for reader, _ in readers:
            os.close(reader)


def test_with_a_terminal_there_is_none_of_them():
    with _parcel(_plan(pty=True)) as parcel:
        assert (sorted(parcel.fds), list(parcel.readers())) == (["stdin"], [])


@pytest.mark.parametrize(
    ("interactive", "pty", "given"), [(False, False, True), (False, True, True), (True, True, False)]
)
def test_input_that_is_given_is_read_unless_the_step_has_a_terminal_of_its_own(
    tmp_path, interactive, pty, given
):
    (tmp_path / "in").write_text("typed")
    with (
        open(tmp_path / "in") as file,
        _parcel(_plan(interactive=interactive, pty=pty), file.fileno()) as parcel,
    ):
        assert os.read(parcel.fds["stdin"], 10) == (b"typed" if given else b"")
        for reader, _ in parcel.readers():
            os.close(reader)


def test_a_terminal_is_never_handed_in():
    master, slave = os.openpty()
    with _parcel(_plan(pty=True), slave) as parcel:
        assert os.isatty(parcel.fds["stdin"]) is False
    os.close(master)
    os.close(slave)


def test_a_long_text_becomes_a_sealed_script():
    text = "echo é\n" * 20_000
    with _parcel(_plan(argv=("/bin/bash", "--norc", "-c", text), pty=True)) as parcel:
        assert parcel.plan["argv"] == ["/bin/bash", "--norc", "/proc/self/fd/9"]
        assert os.read(parcel.fds["script"], 1 << 20) == text.encode()
        with pytest.raises(PermissionError):
            os.write(parcel.fds["script"], b"x")
        assert fcntl.fcntl(parcel.fds["script"], fcntl.F_GET_SEALS) == 0b1111


def test_a_long_argument_that_is_no_script_is_left_alone():
    with _parcel(_plan(argv=("/bin/echo", "x" * 200_000), pty=True)) as parcel:
        assert ("script" in parcel.fds, parcel.plan["argv"][0]) == (False, "/bin/echo")
