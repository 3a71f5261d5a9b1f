"""The step's view as ordered mount operations: the system, what policy opens, its own tmp, HOME and /dev.

Pure. Later operations lie on top of earlier ones: opened trees, then our own files, then what hardens
/proc, then pins and masks, so that nothing is opened again behind a mask.
Source: docs/sandbox.md, "File system"; hier(7), resolv.conf(5), nsswitch.conf(5), hosts(5).
"""

import posixpath
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.policy import Envelope
from rundown.model.sandbox import Mask, Mount, Survey, Tree
from rundown.sandbox.child.network import FAR_ADDRESS
from rundown.sandbox.patterns import is_below
from rundown.sandbox.settings import LaunchSettings

DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_READ_ONLY_PROC: Final = ("sys", "irq", "bus", "fs", "acpi")
_MASKED_PROC: Final = (
    *("sysrq-trigger", "kcore", "keys", "timer_list", "sched_debug", "key-users", "kmsg", "kallsyms"),
    *("latency_stats", "timer_stats", "kpagecount", "kpageflags", "kpagecgroup", "vmallocinfo", "slabinfo"),
)
_MASKED_PROC_DIRS: Final = ("scsi", "asound")
_HARDENED_PROC: Final[tuple[tuple[Literal["pin", "mask-file", "mask-dir"], tuple[str, ...]], ...]] = (
    ("pin", _READ_ONLY_PROC),
    ("mask-file", _MASKED_PROC),
    ("mask-dir", _MASKED_PROC_DIRS),
)
_MASK_KINDS: Final[dict[str, Literal["mask-file", "mask-dir"]]] = {"file": "mask-file", "dir": "mask-dir"}
_SHM_BYTES: Final = 256 << 20
_TMP: Final = ("/tmp", "/var/tmp")
_HOSTS: Final = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
_RESOLV: Final = f"nameserver {FAR_ADDRESS}\noptions timeout:5 attempts:1\n"
_NSSWITCH: Final = (
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
    "protocols: files\nservices: files\nethers: files\nrpc: files\n"
)
_JOURNAL: Final = ("/etc/machine-id", "/var/log/journal", "/run/log/journal", "/run/systemd/journal")
_SYSTEMD: Final = ("/etc/machine-id", "/run/systemd", "/run/dbus/system_bus_socket")


class Layout(Struct, frozen=True, kw_only=True):
    """Operations in order: first those that all steps of a run share, then those every step makes anew
    (its /proc, terminals, shared memory), then its own."""

    base: tuple[Mount, ...]
    fresh: tuple[Mount, ...]
    own: tuple[Mount, ...]


def plan_mounts(
    survey: Survey,
    settings: LaunchSettings,
    allowed: Envelope,
    namespaces: tuple[str, ...],
    *,
    own_proc: bool,
) -> Layout:
    """Returns the operations. A tree that lies around a place of our own has to come before it.

    `own_proc`: a /proc of the step's own can be mounted here; else it sees the host's.
    """
    no_exec = allowed.enforce_run == "tree"
    base = (
        *_own_directories(survey, settings, no_exec),
        *(_bind(tree, no_exec) for tree in survey.trees if tree.origin == "system"),
        *(Mount(kind="symlink", source=link.text, target=link.path) for link in survey.links),
        *_own_files(settings, "net" in namespaces),
        *_copies(survey, settings),
        *_devices(),
        Mount(kind="dir", target="/proc"),
    )
    fresh = (*_fresh_devices(), *_proc("pid" in namespaces and own_proc, survey.proc_names))
    opened = [tree for tree in survey.trees if tree.origin != "system"]
    around = [tree for tree in opened if any(is_below(tree.path, mount.target) for mount in base)]
    rest = (
        *(_bind(tree, no_exec) for tree in opened if tree not in around),
        *_host_words(frozenset(allowed.host)),
        Mount(kind="dir", target=settings.cwd),
        *_pins_and_masks(survey),
    )
    if around:
        first = (_bind(tree, no_exec) for tree in around)
        back = _bind_back(settings.view.root, around, no_exec)
        return Layout(base=(), fresh=(), own=(*first, *base, *fresh, *back, *rest))
    return Layout(base=base, fresh=fresh, own=rest)


def home_of(settings: LaunchSettings) -> str:
    """Returns where the step's HOME is: the person's path, or `{tmp}` for those who have none."""
    home = settings.view.home
    return home if home.startswith("/") and home.strip("/") else settings.view.tmp


def _own_directories(survey: Survey, settings: LaunchSettings, no_exec: bool) -> Iterator[Mount]:
    for target in dict.fromkeys((settings.view.tmp, *_TMP)):
        yield Mount(kind="bind", source="run:tmp", target=target, writable=True, executable=not no_exec)
    home = home_of(settings)
    if home != settings.view.tmp and not any(is_below(tree.path, home) for tree in survey.trees):
        yield Mount(kind="bind", source="run:home", target=home, writable=True, executable=not no_exec)
    yield Mount(kind="dir", target="/run")


def _bind(tree: Tree, no_exec: bool) -> Mount:
    return Mount(
        kind="bind",
        source=tree.path,
        target=tree.path,
        writable=tree.write,
        executable=not (no_exec and tree.write),
    )


def _bind_back(root: str, around: list[Tree], no_exec: bool) -> Iterator[Mount]:
    """Yields the project if it lies below a place that is the run's own and a tree around that opens it."""
    opened = [tree for tree in around if is_below(tree.path, root)]
    if opened and any(is_below(tmp, root) for tmp in _TMP):
        yield _bind(replace(opened[-1], path=root), no_exec)


def _own_files(settings: LaunchSettings, own_net: bool) -> Iterator[Mount]:
    if own_net:
        for target, content in (("/etc/hosts", _HOSTS), ("/etc/resolv.conf", _RESOLV)):
            yield Mount(kind="file", target=target, content=content, mode=0o644, optional=True)
    else:
        for target in ("/etc/hosts", "/etc/resolv.conf"):
            yield Mount(kind="bind", source=target, target=target, optional=True)
    yield Mount(kind="file", target="/etc/nsswitch.conf", content=_NSSWITCH, mode=0o644, optional=True)
    yield Mount(kind="dir", target="/etc/ssh/ssh_config.d", optional=True)


def _copies(survey: Survey, settings: LaunchSettings) -> Iterator[Mount]:
    for path, content in survey.copies:
        if not any(is_below(tree.path, path) for tree in survey.trees):
            yield Mount(kind="file", target=path, content=content, mode=0o644)
            yield Mount(kind="pin", target=path)


def _devices() -> Iterator[Mount]:
    for name in DEVICES:
        yield Mount(kind="bind", source=f"/dev/{name}", target=f"/dev/{name}", writable=True, devices=True)
    yield Mount(kind="dir", target="/dev/pts")
    yield Mount(kind="dir", target="/dev/shm")
    for name, text in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd")):
        yield Mount(kind="symlink", source=text, target=f"/dev/{name}")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        yield Mount(kind="symlink", source=f"/proc/self/fd/{number}", target=f"/dev/{name}")


def _fresh_devices() -> Iterator[Mount]:
    yield Mount(kind="devpts", target="/dev/pts")
    yield Mount(kind="tmpfs", target="/dev/shm", size_bytes=_SHM_BYTES, mode=0o1777)


def _proc(own: bool, names: tuple[str, ...]) -> Iterator[Mount]:
    """Real root can write sysctls without any capability: they are read-only before the command starts."""
    if own:
        yield Mount(kind="proc", target="/proc")
    else:
        yield Mount(kind="bind", source="/proc", target="/proc")
    for kind, hardened in _HARDENED_PROC:
        for name in hardened:
            if name in names:
                yield Mount(kind=kind, target=f"/proc/{name}")


def _host_words(words: frozenset[str]) -> Iterator[Mount]:
    paths = (*(_JOURNAL if "journal" in words else ()), *(_SYSTEMD if "systemd" in words else ()))
    for path in dict.fromkeys(paths):
        yield Mount(kind="bind", source=path, target=path, optional=True)


def _pins_and_masks(survey: Survey) -> Iterator[Mount]:
    """Pins first the directories above, so that no rename inside can move what is protected away."""
    above = {directory for mask in survey.masks for directory in _above(mask, survey.trees)}
    for directory in sorted(above, key=lambda path: path.split("/")):
        yield Mount(kind="pin", target=directory, writable=True)
    for mask in survey.masks:
        if mask.action == "pin":
            yield Mount(kind="pin", target=mask.path, optional=True)
    for mask in survey.masks:
        if mask.action == "hide":
            yield Mount(
                kind="mask-dir" if mask.kind == "dir" else "mask-file", target=mask.path, optional=True
            )


def _above(mask: Mask, trees: tuple[Tree, ...]) -> Iterator[str]:
    """Yields the directories strictly between the top of the writable tree a mask lies in and the mask."""
    around = [tree for tree in trees if is_below(tree.path, mask.path)]
    if not around or not around[-1].write:
        return
    inner = around[-1]
    directory = posixpath.dirname(mask.path)
    while directory != inner.path and is_below(inner.path, directory):
        yield directory
        directory = posixpath.dirname(directory)
