"""The seccomp program, read as a list; what it does to processes is shown in tests/kernel."""

import pytest

from rundown.sandbox.seccomp import REFUSED, build_program
from tests.support.bpf import ALLOW, KILL, judge

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
    usual, strict = build_program(), build_program(memory_files=False)
    without_sockets = build_program("none")
    assert len({usual, strict, without_sockets}) == 3
    assert [len(program) % 8 for program in (usual, strict)] == [0, 0]
    assert max(len(usual), len(strict)) // 8 < 4096  # BPF_MAXINSNS


# --- the program of each machine, run as the kernel would -------------------------------------------------

MACHINES = ("x86_64", "aarch64")
EPERM, ENOSYS = "errno 1", "errno 38"
NEEDED = (
    *(
        "read",
        "write",
        "openat",
        "close",
        "execve",
        "exit_group",
        "mmap",
        "mprotect",
        "brk",
        "futex",
        "wait4",
    ),
    *(
        "rt_sigaction",
        "pipe2",
        "dup3",
        "fcntl",
        "fstat",
        "newfstatat",
        "statx",
        "getdents64",
        "unlinkat",
        "mkdirat",
    ),
    *(
        "renameat2",
        "linkat",
        "symlinkat",
        "fchmodat",
        "fchownat",
        "utimensat",
        "ftruncate",
        "fallocate",
        "flock",
    ),
    *(
        "epoll_ctl",
        "eventfd2",
        "timerfd_create",
        "inotify_init1",
        "signalfd4",
        "socketpair",
        "connect",
        "bind",
    ),
    *("sendmsg", "recvmsg", "setsockopt", "prctl", "seccomp", "landlock_create_ruleset", "getrandom", "kill"),
    *("prlimit64", "sched_setaffinity", "clock_gettime", "clock_nanosleep", "rseq", "membarrier", "madvise"),
    *("memfd_create", "copy_file_range", "splice", "shmget", "semget", "msgget", "mlock", "pidfd_open"),
)


@pytest.fixture(scope="module", params=MACHINES)
def on(request):
    """A machine's name, its usual program, and its calls' numbers by name."""
    arch = getattr(pyseccomp.Arch, request.param.upper())
    program = build_program(machine=request.param)
    return request.param, program, lambda name: pyseccomp.resolve_syscall(arch, name)


@pytest.mark.parametrize(("name", "number"), REFUSED, ids=[name for name, _ in REFUSED])
def test_each_refused_call_is_refused_on_each_machine(on, name, number):
    machine, program, number_of = on
    found = number_of(name)
    if found < 0:
        found = number if number is not None and machine == "x86_64" else -1
    if found < 0:
        return  # this machine has no such call, or this libseccomp does not know its name
    assert judge(program, machine, found) == EPERM


@pytest.mark.parametrize("name", NEEDED)
def test_each_needed_call_is_let_through_on_each_machine(on, name):
    machine, program, number_of = on
    assert (number_of(name) >= 0, judge(program, machine, number_of(name))) == (True, ALLOW)


def test_calls_of_other_machines_and_of_x32_are_killed(on):
    machine, program, number_of = on
    for other in {"x86_64", "aarch64", "i386", "arm"} - {machine}:
        assert judge(program, other, 0) == KILL
    if machine == "x86_64":
        assert judge(program, machine, number_of("getpid") | 0x40000000) == KILL


def test_clone3_is_said_not_to_exist_and_clone_is_looked_at(on):
    machine, program, number_of = on
    clone, unshare = number_of("clone"), number_of("unshare")
    assert judge(program, machine, 435) == ENOSYS
    assert [judge(program, machine, call, 17) for call in (clone, unshare)] == [ALLOW, ALLOW]
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        for high in (0, 1 << 40):
            assert [judge(program, machine, call, flag | 17 | high) for call in (clone, unshare)] == [
                EPERM,
                EPERM,
            ]
    assert (
        judge(program, machine, unshare, 0x80) == EPERM
    )  # a time namespace; for clone it is a signal's number
    assert judge(program, machine, clone, 0x3D0F00) == ALLOW  # a thread


@pytest.mark.parametrize("high", [0, 0xDEADBEEF00000000], ids=["plain", "with high bits"])
def test_terminals_take_no_dangerous_request(on, high):
    machine, program, number_of = on
    ioctl = number_of("ioctl")
    refused = [
        judge(program, machine, ioctl, 0, number | high) for number in (0x5412, 0x541C, 0x541D, 0x5423)
    ]
    assert (refused, judge(program, machine, ioctl, 0, 0x5401 | high)) == ([EPERM] * 4, ALLOW)


def test_sockets_are_an_allow_list(on):
    machine, program, number_of = on
    socket = number_of("socket")
    allowed = {
        (family, kind, protocol)
        for family in range(70)
        for kind in (1, 2, 3, 4, 5, 6, 10)
        for protocol in (0, 1, 2, 6, 15, 17, 132, 136, 255, 262)
        if judge(program, machine, socket, family, kind | 0x80800, protocol) == ALLOW
    }
    unix = {item for item in allowed if item[0] == 1}
    inet = {(family, kind, protocol) for family in (2, 10) for kind in (1, 2) for protocol in (0, 6, 17)}
    assert allowed - unix == inet | {(16, kind, 0) for kind in (1, 2, 3, 4, 5, 6, 10)}
    assert [judge(program, machine, socket, family | 1 << 40, 3, 0) for family in (2, 17, 40)] == [EPERM] * 3


def test_personality_switches_no_protection_off(on):
    machine, program, number_of = on
    call = number_of("personality")
    harmless = (0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
    odd = (0x40000, 0x400000, 0x6, 0x80040000, 0x80000000, 0x7FFFFFFF, 0x1 << 40 | 0x40000)
    assert [judge(program, machine, call, word) for word in harmless] == [ALLOW] * len(harmless)
    assert [judge(program, machine, call, word) for word in odd] == [EPERM] * len(odd)


@pytest.mark.parametrize("machine", MACHINES)
def test_without_a_way_out_no_socket_is_made(machine):
    program = build_program("none", machine=machine)
    socket = pyseccomp.resolve_syscall(getattr(pyseccomp.Arch, machine.upper()), "socket")
    assert {judge(program, machine, socket, family, 1, 0) for family in range(50)} == {EPERM}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("sockets", ["none", "outgoing"])
def test_without_a_network_of_its_own_only_pairs_are_made_that_lead_nowhere_else(machine, sockets):
    program = build_program(sockets, machine=machine)
    pair = pyseccomp.resolve_syscall(getattr(pyseccomp.Arch, machine.upper()), "socketpair")
    made = {
        (family, kind)
        for family in range(70)
        for kind in range(11)
        if judge(program, machine, pair, family, kind | 0x80800, 0) == ALLOW
    }
    assert made == {(1, 1), (1, 5)}


@pytest.mark.parametrize("machine", MACHINES)
def test_of_outgoing_sockets_only_plain_tcp_is_made_and_only_connect_begins_anything(machine):
    program = build_program("outgoing", machine=machine)
    arch = getattr(pyseccomp.Arch, machine.upper())

    def judged(name: str, *words: int) -> str:
        return judge(program, machine, pyseccomp.resolve_syscall(arch, name), *words)

    made = {
        (family, kind, protocol)
        for family in range(70)
        for kind in range(11)
        for protocol in (0, 1, 2, 6, 17, 132, 136, 255, 262)
        if judged("socket", family, kind | 0x80800, protocol) == ALLOW
    }
    assert made == {(2, 1, 0), (2, 1, 6)}
    fast_open = 0x20000000
    for flags, wanted in ((0, ALLOW), (0x4040, ALLOW), (fast_open, EPERM), (fast_open | 0x4040, EPERM)):
        assert judged("sendto", 3, 0, 1, flags, 0, 0) == wanted
        assert judged("sendmsg", 3, 0, flags) == wanted
        assert judged("sendmmsg", 3, 0, 1, flags) == wanted
    assert [judged("setsockopt", 3, 6, option) for option in (1, 13, 19, 30, 31)] == [ALLOW] * 2 + [EPERM] * 3
    assert [judged(name) for name in ("bind", "listen", "connect")] == [EPERM, EPERM, ALLOW]


@pytest.mark.parametrize("machine", MACHINES)
def test_only_programs_means_no_file_in_memory_that_could_run(machine):
    program = build_program(memory_files=False, machine=machine)
    call = pyseccomp.resolve_syscall(getattr(pyseccomp.Arch, machine.upper()), "memfd_create")
    assert [judge(program, machine, call, 0, flags) for flags in (0, 1, 0x10, 0x8, 0x9)] == [EPERM] * 3 + [
        ALLOW
    ] * 2
