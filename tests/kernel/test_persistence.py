"""What would last after the step, or act for the person later: none of it reaches the host."""

from pathlib import Path

import pytest

from tests.support.attacks import EVERYTHING, Attack, assert_only_outside, py, sh, table
from tests.support.kernel import World

pytestmark = pytest.mark.kernel


def _home(*names: str):
    """Makes files in the person's home, each with a mark that tells it from a private one."""

    def prepare(world: World) -> None:
        for name in names:
            path = world.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("the person's\n")

    return prepare


def _append(name: str) -> str:
    return f'echo planted >> ~/{name} && grep -q "the person" ~/{name} && echo REACHED'


def _private_socket(world: World) -> None:
    (world.home / ".gnupg").mkdir()
    (world.home / ".gnupg/private.key").write_text("REACHED")


def _executable_on_path(world: World) -> None:
    path = world.home / ".local/bin/ls"
    path.parent.mkdir(parents=True)
    path.write_text("the person's\n")
    path.chmod(0o755)


@table(
    *(
        sh(what, _append(name), _home(name))
        for what, name in (
            ("a key to log in with", ".ssh/authorized_keys"),
            ("a start-up file of login shells", ".profile"),
            ("a start-up file of zsh", ".zshrc"),
            ("an alias of git", ".gitconfig.local"),
            ("a service of the person's", ".config/systemd/user/x.service"),
            ("what starts with the desktop", ".config/autostart/x.desktop"),
            ("a configuration of pip", ".config/pip/pip.conf"),
            ("a registry of npm", ".npmrc"),
            ("a wrapper of cargo's compiler", ".cargo/config.toml"),
            ("a start-up file of python", ".pythonrc"),
            ("what vim runs", ".vimrc"),
            ("rundown's own policy of the person", ".config/rundown/policy.yaml"),
            ("what rundown trusts", ".local/state/rundown/trust.json"),
            ("the shell's history", ".bash_history"),
        )
    ),
    sh("a program of the same name, earlier on the PATH", _append(".local/bin/ls"), _executable_on_path),
    sh("a hook of the project's editor", "mkdir -p .vscode && echo x > .vscode/tasks.json && echo REACHED; rm -rf .vscode"),
    sh("an entry of direnv", "echo x > .envrc && echo REACHED; rm -f .envrc"),
    sh("a policy of the project", "echo x > .rundownrc.yaml && echo REACHED; rm -f .rundownrc.yaml"),
    sh("records of runs", "mkdir -p .rundown/runs && echo x > .rundown/runs/x && echo REACHED; rm -rf .rundown"),
    sh("a private key of gpg", "cat ~/.gnupg/private.key", _private_socket),
    sh("rundown's own environment", "tr '\\0' '\\n' < /proc/$PPID/environ | grep -q only-in-the-parent && echo REACHED", defences=EVERYTHING),
    sh("the environments of all processes", "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -q only-in-the-parent && echo REACHED", defences=EVERYTHING),
    sh("open files of other processes", "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q 'kernel_driver\\|pipe:' && test $(ls -d /proc/[0-9]* | wc -l) -gt 10 && echo REACHED", defences=("pid", "view", "landlock")),
    py("shared memory of the host", """
import os
name = "/dev/shm/rundown-test-of-persistence"
open(name, "w").close()
others = [n for n in os.listdir("/proc") if n.isdigit()]
print("REACHED" if len(others) > 10 else "")
os.unlink(name)
""", defences=("pid", "view", "landlock")),
    defences=("view", "landlock"),
)  # fmt: skip
def test_nothing_is_planted_or_taken(world, attack: Attack):
    assert_only_outside(world, attack)


def test_a_private_home_is_gone_with_the_run_and_never_was_the_persons(world):
    world.shell("echo planted > ~/.bashrc; mkdir -p ~/.ssh; echo planted > ~/.ssh/authorized_keys")
    assert [path.name for path in Path(world.home).iterdir()] == ["project"]
