"""Where a relative path is taken from: followed where the text says it plainly, and never wrong about a program."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rundown.model.request import Capability
from rundown.shell.extract import extract

EXAMPLES = int(os.environ.get("RUNDOWN_SHELL_EXAMPLES", "150"))
FOLDERS = ("", "a", "b", "a/b", "a/b/a", "b/a")


def started(text: str) -> list[str]:
    """Returns each relative program with where it is taken from, `?` for what is not known."""
    return [
        "?" if item.kind == "dynamic" else f"{item.directory}:{item.resource}"
        for item in extract(text, "bash").operations
        if item.capability is Capability.RUN and ("/" in item.resource or item.kind == "dynamic")
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("./x", [":./x"]),
        ("cd a && ./x", ["a:./x"]),
        ("cd a; ./x", ["a:./x", ":./x"]),
        ("cd a || exit 1; ./x", ["a:./x"]),
        ("cd a || { echo no; exit 1; }\n./x", ["a:./x"]),
        ("exit() { :; }; cd a || exit; ./x", ["?"]),
        ("cd a && cd b && ../x", ["a/b:../x"]),
        ("cd a && cd .. && ./x", [".:./x"]),
        ("cd /srv && bin/x", ["/srv:bin/x"]),
        ("(cd a && ./x); ./y", ["a:./x", ":./y"]),
        ("{ cd a && ./x; } && ./y", ["a:./x", "a:./y", ":./y"]),
        ('echo "$(cd a && ./x)"; ./y', ["a:./x", ":./y"]),
        ("cd a | ./x; ./y", [":./x", ":./y"]),
        ("cd a & ./x", [":./x"]),
        ("eval 'cd a' && ./x", ["a:./x", ":./x"]),
        ("sh -c 'cd a && ./x'; ./y", ["a:./x", ":./y"]),
        ("for i in 1; do (cd a && ./x); done; ./y", ["a:./x", ":./y"]),
        ("if true; then cd a; fi; ./x", ["?"]),
        ("for i in 1 2; do ./x; cd a; done", ["?"]),
        ("f() { cd a; }; f; ./x", ["?"]),
        ("f() { ./x; }; cd a && f", ["?"]),
        ("trap ./x EXIT; cd a", ["?"]),
        ("trap 'cd a' USR1; ./x", ["?"]),
        ('cd "$D" && ./x', ["?"]),
        ("cd - && ./x", ["?"]),
        ("cd && ./x", ["?"]),
        ("pushd a && ./x", ["?"]),
        ("CDPATH=/srv; cd a && ./x", ["?"]),
        ("set -P; cd a && ./x", ["?"]),
        ("source ./env; bin/x", ["?", "?"]),
        ("alias g='cd a'; ./x", ["?"]),
        ("env -C a ./x; ./y", ["?", ":./y"]),
        ("sudo -i ./x", ["?"]),
        ("find . -execdir ./x {} +", ["?"]),
        ("find . -exec ./x {} +", [":./x"]),
    ],
)
def test_a_program_is_taken_from_where_the_text_went(text: str, found: list[str]) -> None:
    assert started(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cd a && echo x > f", [("f", "a")]),
        ("cd a; echo x > f", [("f", "a")]),
        ("cd a > f && cp g /h", [("f", ""), ("g", "a"), ("/h", "")]),
        ('cd "$D"; echo x > f >> /g', [("f", None), ("/g", "")]),
    ],
)
def test_a_file_is_taken_from_where_the_text_most_likely_went(
    text: str, found: list[tuple[str, str | None]]
) -> None:
    files = (Capability.READ, Capability.WRITE)
    touched = [item for item in extract(text, "bash").operations if item.capability in files]
    assert [(item.resource, item.directory) for item in touched] == found


# --- against a real shell -------------------------------------------------------------------------------


class Tree:
    """Folders with a program `x` in each, which says where it lies."""

    def __init__(self, room: Path) -> None:
        self.root, self._room, self._runs = room / "root", room, 0
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
            program = self.root / folder / "x"
            program.write_text(f"#!/bin/sh\necho '{folder}' >>$LOG\n")
            program.chmod(0o755)

    def runs(self, text: str) -> set[str]:
        """Returns the folders whose `x` ran."""
        self._runs += 1
        log = self._room / str(self._runs)  # of its own: something may be left of an earlier text
        log.touch()
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root / "b"),
            "FUNCNEST": "20",
            "LOG": str(log),
        }
        process = subprocess.Popen(
            ["/bin/bash", "-c", text],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.communicate(
                timeout=2
            )  # until the last of them, in the background too, has let go of the pipe
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        return set(log.read_text().splitlines())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    yield Tree(tmp_path_factory.mktemp("tree"))


_programs = st.sampled_from(["./x", "../x", "a/x", "./b/x", "true", "false", "./x || true", "! ./x"])
_MOVES = """cd a|cd b|cd ..|cd a/b|cd missing|cd .|cd ./a|cd|cd -|pushd a|popd|cd $a|command cd a|builtin cd b
eval 'cd a'|eval "cd b"|exit|return|f|g|trap ./x EXIT|cd a 2>/dev/null|cd -P a|cd -- a|cd 'a'|CDPATH=b cd a
a=b|set -P|trap 'cd a' EXIT|exit() { :; }|cd() { :; }|unset -f cd"""
_moves = st.sampled_from(_MOVES.replace("\n", "|").split("|"))
_joints = st.sampled_from([" && ", " || ", "; ", "\n", " | ", " & "])
_simple = st.one_of(_programs, _moves)


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def join(drawn: list[tuple[str, str]]) -> str:
        return "".join(part + joint for part, joint in drawn[:-1]) + drawn[-1][0]

    return st.lists(st.tuples(parts, _joints), min_size=1, max_size=5).map(join)


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    forms = [
        "({})", "{{ {}\n}}", "if {}\nthen ./x; fi", "if true; then {}\nfi", "for i in 1 2; do {}\ndone",
        "echo $({}\n)", "f() {{ {}\n}}", "g() ( {}\n)", "{}", "while {}\ndo break; done", "case a in a) {}\n;; esac",
    ]  # fmt: skip
    return st.builds(lambda form, text: form.format(text), st.sampled_from(forms), inner)


_texts = _joined(st.one_of(_simple, _around(_joined(st.one_of(_simple, _around(_joined(_simple)))))))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=_texts)
def test_a_program_that_runs_was_promised_from_where_it_lies(tree: Tree, text: str) -> None:
    found = [item for item in extract(text, "bash").operations if item.capability is Capability.RUN]
    if any(item.kind in ("dynamic", "unparseable") for item in found):
        return
    promised = {
        os.path.normpath(os.path.join(item.directory or "", os.path.dirname(item.resource))) for item in found
    }
    assert {os.path.normpath(folder) for folder in tree.runs(text)} <= promised, text
