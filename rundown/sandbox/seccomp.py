"""The system calls a confined step is refused, and the BPF program that refuses them.

Default allow with a list of what is refused: EPERM, or ENOSYS for clone3 so that libc falls back to
clone, whose flags can be looked at. Sockets are an allow-list by family, type and protocol. x32 and
foreign architectures are killed. Built once per run in rundown itself; the child loads the bytes.
Refuses to say anything about arguments behind pointers: seccomp cannot see them.

Source: seccomp(2); libseccomp's seccomp_rule_add(3) (one comparison an argument, hence the lists);
the kernel takes ioctl requests, socket arguments and personality as 32 bits, so only those are compared.
"""

import errno
import os
import platform
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

from rundown.model.sandbox import Sockets

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

_Refused = tuple[str, tuple[Any, ...]]

REFUSED: Final = (
    # the view: mounts old and new
    ("mount", None), ("umount2", None), ("pivot_root", None), ("chroot", None),
    ("open_tree", 428), ("move_mount", 429), ("fsopen", 430), ("fsconfig", 431), ("fsmount", 432),
    ("fspick", 433), ("mount_setattr", 442), ("open_tree_attr", 467),
    # other namespaces and other processes
    ("setns", None), ("ptrace", None), ("process_vm_readv", None), ("process_vm_writev", None),
    ("process_madvise", 440), ("kcmp", None), ("pidfd_getfd", 438),
    # kernel surfaces with a long record of holes
    ("bpf", None), ("perf_event_open", None), ("userfaultfd", None),
    ("io_uring_setup", 425), ("io_uring_enter", 426), ("io_uring_register", 427),
    ("keyctl", None), ("add_key", None), ("request_key", None),
    # the machine
    ("init_module", None), ("finit_module", None), ("delete_module", None),
    ("kexec_load", None), ("kexec_file_load", None), ("reboot", None), ("syslog", None),
    ("swapon", None), ("swapoff", None), ("quotactl", None), ("quotactl_fd", 443), ("acct", None),
    ("settimeofday", None), ("clock_settime", None), ("clock_adjtime", None), ("adjtimex", None),
    ("iopl", None), ("ioperm", None), ("vhangup", None), ("uselib", None), ("_sysctl", None),
    ("nfsservctl", None), ("lookup_dcookie", None),
    # files by handle, and watching the whole file system
    ("open_by_handle_at", None), ("fanotify_init", None),
)  # fmt: skip

_NAMESPACE_FLAGS: Final = {
    "CLONE_NEWTIME": 0x00000080,
    "CLONE_NEWNS": 0x00020000,
    "CLONE_NEWCGROUP": 0x02000000,
    "CLONE_NEWUTS": 0x04000000,
    "CLONE_NEWIPC": 0x08000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}
_NOT_TRANSLATED: Final = (467,)
"""Numbers that a libseccomp before 2.6 has no name for: it adds them on the machine itself alone."""
_TERMINAL_REQUESTS: Final = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCCONS": 0x541D, "TIOCSETD": 0x5423}
_MFD_NOEXEC_SEAL: Final = 0x8
_LOW_32: Final = 0xFFFFFFFF

_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_FAMILIES: Final = frozenset({_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK})
_TYPES_OF_INET: Final = frozenset({1, 2})
_PROTOCOLS_OF_INET: Final = frozenset({0, 6, 17})
_SOCK_STREAM: Final = 1
_SOCK_SEQPACKET: Final = 5
_IPPROTO_TCP: Final = 6
_TYPE_MASK: Final = 0xF
_MSG_FASTOPEN: Final = 0x20000000
_OTHER_WAYS_TO_CONNECT: Final = (19, 30, 31)
"""TCP_REPAIR, TCP_FASTOPEN_CONNECT, TCP_ULP (which turns a socket into one of SMC): Landlock's hook is on
`connect` of a TCP socket. Source: tcp(7), linux/tcp.h; fast open passed older kernels' hook."""
_PERSONALITY_BITS_LET_THROUGH: Final = 0x0008 | 0x20000


class SeccompPrograms:
    """The programs of one run, each built when it is first wanted."""

    def __init__(self) -> None:
        self._built: dict[tuple[Sockets, bool], bytes] = {}

    def program(self, sockets: Sockets, *, memory_files: bool) -> bytes:
        """Returns the program for this machine, as `build_program` does."""
        if (sockets, memory_files) not in self._built:
            self._built[sockets, memory_files] = build_program(sockets, memory_files=memory_files)
        return self._built[sockets, memory_files]


def build_program(sockets: Sockets = "all", *, memory_files: bool = True, machine: str = "") -> bytes:
    """Returns the program for a machine (`x86_64`, `aarch64`; "" for this one), 8 bytes an instruction.

    `memory_files` False: none can be made that could be executed, for `enforce_run: tree`.
    Raises: RuntimeError if libseccomp is not installed.
    """
    import pyseccomp

    program = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    foreign = machine not in ("", platform.machine())
    if foreign:
        program.add_arch(getattr(pyseccomp.Arch, machine.upper()))
        program.remove_arch(pyseccomp.Arch.NATIVE)
    program.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name, number in REFUSED:
        if not (foreign and number in _NOT_TRANSLATED):
            _refuse(program, refuse, name, number)
    _refuse(program, pyseccomp.ERRNO(errno.ENOSYS), "clone3", 435)
    for call in ("clone", "unshare"):
        for flag in _NAMESPACE_FLAGS.values():
            if not (call == "clone" and flag == _NAMESPACE_FLAGS["CLONE_NEWTIME"]):  # a signal number there
                program.add_rule(refuse, call, _masked(0, flag, flag))
    for request in _TERMINAL_REQUESTS.values():
        program.add_rule(refuse, "ioctl", _masked(1, _LOW_32, request))
    for comparisons in _odd_personalities():
        program.add_rule(refuse, "personality", *comparisons)
    if not memory_files:  # they could be executed, and Landlock does not look at them
        program.add_rule(refuse, "memfd_create", _masked(1, _MFD_NOEXEC_SEAL, 0))
    for call, comparisons in _REFUSED_OF_SOCKETS[sockets]():
        program.add_rule(refuse, call, *comparisons)
    with open(os.memfd_create("seccomp"), "w+b") as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse(program: "SyscallFilter", action: int, name: str, number: int | None) -> None:
    """Adds a rule; calls that this architecture does not have are left out."""
    import pyseccomp

    resolved = number if number is not None else pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    if resolved >= 0:
        program.add_rule(action, resolved)


def _masked(argument: int, mask: int, value: int) -> Any:
    import pyseccomp

    return pyseccomp.Arg(argument, pyseccomp.MASKED_EQ, mask, value)


def _at_least(argument: int, value: int) -> Any:
    import pyseccomp

    return pyseccomp.Arg(argument, pyseccomp.GE, value)


def _but_usual() -> Iterator[_Refused]:
    """For a step with a network of its own."""
    for comparisons in _other_families(_FAMILIES):
        yield "socket", comparisons
    for family in (_AF_INET, _AF_INET6):
        for comparisons in _other_kinds(family, _TYPES_OF_INET, _PROTOCOLS_OF_INET):
            yield "socket", comparisons
    of_netlink = _masked(0, _LOW_32, _AF_NETLINK)
    for protocol in range(1, 32):
        yield "socket", (of_netlink, _masked(2, _LOW_32, protocol))
    yield "socket", (of_netlink, _at_least(2, 32))


def _but_outgoing() -> Iterator[_Refused]:
    """For a step whose every connection Landlock must see: nothing but `connect` begins one."""
    for comparisons in _other_families({_AF_INET}):
        yield "socket", comparisons
    for comparisons in _other_kinds(_AF_INET, {_SOCK_STREAM}, {0, _IPPROTO_TCP}):
        yield "socket", comparisons
    for call, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        yield call, (_masked(flags, _MSG_FASTOPEN, _MSG_FASTOPEN),)
    for option in _OTHER_WAYS_TO_CONNECT:
        yield "setsockopt", (_masked(1, _LOW_32, _IPPROTO_TCP), _masked(2, _LOW_32, option))
    for call in ("bind", "listen"):  # listening without an address takes any free port
        yield call, ()
    yield from _other_pairs()


def _but_none() -> Iterator[_Refused]:
    """For a step that is given no way out."""
    yield "socket", ()
    yield from _other_pairs()


def _other_pairs() -> Iterator[_Refused]:
    """One of a pair of datagram sockets can be turned to any socket of the host that has a path. Source:
    unix(7), sendto(2)."""
    for comparisons in _other_families({_AF_UNIX}):
        yield "socketpair", comparisons
    for comparisons in _other_kinds(_AF_UNIX, {_SOCK_STREAM, _SOCK_SEQPACKET}, {0, 1}):
        yield "socketpair", comparisons


_REFUSED_OF_SOCKETS: Final[dict[Sockets, Callable[[], Iterator[_Refused]]]] = {
    "all": _but_usual,
    "outgoing": _but_outgoing,
    "none": _but_none,
}


def _other_families(families: Collection[int]) -> Iterator[tuple[Any, ...]]:
    for family in range(64):
        if family not in families:
            yield (_masked(0, _LOW_32, family),)
    yield (_at_least(0, 64),)


def _other_kinds(
    family: int, kinds: Collection[int], protocols: Collection[int]
) -> Iterator[tuple[Any, ...]]:
    of_family = _masked(0, _LOW_32, family)
    for kind in range(_TYPE_MASK + 1):
        if kind not in kinds:
            yield (of_family, _masked(1, _TYPE_MASK, kind))
    for protocol in range(max(protocols)):
        if protocol not in protocols:
            yield (of_family, _masked(2, _LOW_32, protocol))
    yield (of_family, _at_least(2, max(protocols) + 1))


def _odd_personalities() -> Iterator[tuple[Any, ...]]:
    """Everything but Linux, LINUX32 and UNAME26, and the question 0xffffffff.

    With the top bit clear each bit that is not let through is refused; with it set, each clear bit.
    """
    top = 1 << 31
    for place in range(31):
        bit = 1 << place
        if not bit & _PERSONALITY_BITS_LET_THROUGH:
            yield (_masked(0, top | bit, bit),)
        yield (_masked(0, top | bit, top),)
