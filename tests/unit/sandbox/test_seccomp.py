"""The seccomp program, read as a list; what it does to processes is shown in tests/kernel."""

import pytest

from rundown.sandbox.seccomp import REFUSED, build_programs

pyseccomp = pytest.importorskip("pyseccomp", exc_type=(ImportError, RuntimeError))


def test_every_refused_call_is_known_on_one_of_our_machines():
    unknown = [
        name
        for name, number in REFUSED
        if number is None
        and all(
            pyseccomp.resolve_syscall(arch, name) == -1
            for arch in (pyseccomp.Arch.X86_64, pyseccomp.Arch.AARCH64)
        )
    ]
    assert unknown == []


def test_no_call_stands_there_twice():
    names = [name for name, _ in REFUSED]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name", ["execve", "clone", "openat", "landlock_create_ruleset", "prctl", "seccomp", "inotify_init1"]
)
def test_what_programs_need_is_not_refused(name):
    assert name not in [refused for refused, _ in REFUSED]


def test_the_programs_differ_and_fit_into_the_kernels_limit():
    usual, strict = (getattr(build_programs(), name) for name in ("usual", "only_programs"))
    without_sockets = build_programs(sockets=False).usual
    assert len({usual, strict, without_sockets}) == 3
    assert [len(program) % 8 for program in (usual, strict)] == [0, 0]
    assert max(len(usual), len(strict)) // 8 < 4096  # BPF_MAXINSNS
