"""What an allowed program brings along to be executed."""

import os
import shutil

import pytest

from rundown.sandbox.programs import find_multi_call, find_programs


def _loader() -> str:
    return next(path for path in find_programs([shutil.which("env")]) if "ld-" in path)


def test_a_binary_brings_its_loader():
    env = os.path.realpath(shutil.which("env"))
    assert set(find_programs([env])) == {env, _loader()}


@pytest.mark.parametrize("line", ["#!/usr/bin/env sh", "#! /usr/bin/env -S sh -e", "#!/bin/sh"])
def test_a_script_brings_its_interpreter_and_that_its_loader(tmp_path, line):
    script = tmp_path / "script"
    script.write_text(f"{line}\n")
    found = set(find_programs([str(script)]))
    assert {str(script), os.path.realpath("/bin/sh"), _loader()} <= found


def test_interpreters_that_go_round_in_circles_end(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text(f"#!{b}\n")
    b.write_text(f"#!{a}\n")
    assert find_programs([str(a)]) == (str(a), str(b))


@pytest.mark.parametrize("content", [b"", b"#!", b"#!\n", b"\x7fELF\x02\x01", b"text"])
def test_files_that_are_no_programs_bring_nothing(tmp_path, content):
    path = tmp_path / "odd"
    path.write_bytes(content.ljust(70, b"\0") if content.startswith(b"\x7fELF") else content)
    assert find_programs([str(path), str(tmp_path / "missing")]) == (str(path),)


def test_a_program_that_is_many_in_one_is_named_once(tmp_path):
    (tmp_path / "busybox").write_text("")
    for name in ("ls", "rm"):
        (tmp_path / name).symlink_to("busybox")
    (tmp_path / "git").write_text("")
    found = find_multi_call([str(tmp_path / name) for name in ("ls", "rm", "git")])
    assert [(gap.code, str(tmp_path / "busybox") in gap.message) for gap in found] == [
        ("sandbox/multi-call", True)
    ]
