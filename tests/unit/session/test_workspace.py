import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.request import Capability, Operation
from rundown.session.workspace import HostWorkspace, clean_search_path


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def workspace(base: Path, *, writable: tuple[str, ...] = ()) -> HostWorkspace:
    path = tuple(str(base / name) for name in ("first", "second"))
    return HostWorkspace(search_path=path, writable=writable, home=str(base / "home"), variables=frozenset())


def run(word: str, **facts: object) -> Operation:
    return Operation(capability=Capability.RUN, resource=word, **facts)  # type: ignore[arg-type]


def test_a_name_resolves_to_the_first_executable_on_the_path(base: Path) -> None:
    (base / "first").mkdir()
    (base / "first/tool").write_text("no x bit")
    real = executable(base / "opt/tool-1.2")
    (base / "second").mkdir()
    (base / "second/tool").symlink_to(real)
    assert workspace(base).resolve(run("tool"), "/") == run("tool", resolved=str(real))


def test_a_name_that_nothing_has_stays_unresolved(base: Path) -> None:
    assert workspace(base).resolve(run("nope"), "/") == run("nope")


@pytest.mark.parametrize("tree", ["first", "second", "opt"])
def test_a_name_found_in_or_behind_a_writable_tree_is_not_safe(base: Path, tree: str) -> None:
    (base / "first").mkdir()
    real = executable(base / "opt/tool")
    (base / "second").mkdir()
    (base / "second/tool").symlink_to(real)
    found = workspace(base, writable=(str(base / tree),)).resolve(run("tool"), "/")
    assert found == run("tool", resolved=str(real), safe_path=False)


def test_a_path_resolves_from_the_working_directory(base: Path) -> None:
    real = executable(base / "project/x.sh")
    found = workspace(base).resolve(run("./x.sh"), str(base / "project"))
    assert found == run("./x.sh", resolved=str(real))


def test_what_runs_on_another_machine_is_no_file_of_this_one(base: Path) -> None:
    executable(base / "bin/tool")
    for word in ("tool", str(base / "bin/tool")):
        there = replace(run(word), directory=None)
        assert workspace(base).resolve(there, "/") == there


def test_home_is_expanded_and_links_are_followed(base: Path) -> None:
    (base / "home").mkdir()
    (base / "home/link").symlink_to(base / "elsewhere")
    wanted = Operation(capability=Capability.WRITE, resource="~/link/new.txt")
    assert workspace(base).resolve(wanted, "/").resolved == str(base / "elsewhere/new.txt")


def test_a_dynamic_word_is_never_looked_up(base: Path) -> None:
    assert workspace(base).resolve(run("$CMD", kind="dynamic"), "/") == run("$CMD", kind="dynamic")


def test_shells_are_not_taken_from_writable_trees(base: Path) -> None:
    executable(base / "first/sh")
    executable(base / "second/sh")
    assert workspace(base, writable=(str(base / "first"),)).shell("sh") == str(base / "second/sh")
    both = (str(base / "first"), str(base / "second"))
    assert workspace(base, writable=both).shell("sh") == "/bin/sh"


def test_the_search_path_keeps_absolute_entries_once() -> None:
    assert clean_search_path("/a::/b/:.:bin:/a:/") == ("/a", "/b", "/")


def test_names_with_odd_bytes_do_not_raise(base: Path) -> None:
    for word in ("a\0b", "./a\0b", "x" * 5000, os.fsdecode(b"\xff")):
        workspace(base).resolve(run(word), str(base))
