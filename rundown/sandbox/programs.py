"""Everything that may be executed under `enforce_run: tree`: programs, interpreters, loader, companions.

A program needs more than itself: the interpreter of its `#!` line, the dynamic loader, and what its own
tool starts by itself (git its git-core, gcc its cc1 and ld). Reads the first bytes of each program.
What remains open stands in the threat model: an allowed interpreter runs any text, and so does the
loader when it is called by name on a file that can be read.
Source: execve(2), "Interpreter scripts"; elf(5), PT_INTERP; git(1) --exec-path; gcc's documentation of
its spec strings.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from rundown.model.sandbox import Gap

_COMPANIONS: Final = {
    "git": ("/usr/lib/git-core", "/usr/libexec/git-core"),
    "gcc": ("/usr/lib/gcc", "/usr/libexec/gcc", "/usr/bin/as", "/usr/bin/ld", "/usr/bin/collect2"),
    "cc": ("/usr/lib/gcc", "/usr/libexec/gcc", "/usr/bin/as", "/usr/bin/ld"),
    "g++": ("/usr/lib/gcc", "/usr/libexec/gcc", "/usr/bin/as", "/usr/bin/ld"),
    "c++": ("/usr/lib/gcc", "/usr/libexec/gcc", "/usr/bin/as", "/usr/bin/ld"),
    "clang": ("/usr/bin/as", "/usr/bin/ld", "/usr/bin/ld.lld"),
    "npm": ("/bin/sh", "/usr/bin/node"),
    "npx": ("/bin/sh", "/usr/bin/node"),
    "yarn": ("/bin/sh", "/usr/bin/node"),
    "pnpm": ("/bin/sh", "/usr/bin/node"),
    "make": ("/bin/sh",),
    "java": ("/usr/lib/jvm",),
    "mvn": ("/bin/sh", "/usr/lib/jvm", "/usr/share/maven"),
    "go": ("/usr/lib/go", "/usr/local/go"),
    "cargo": ("/usr/bin/rustc", "/usr/bin/cc"),
    "rustc": ("/usr/bin/cc",),
}
_MULTI_CALL: Final = frozenset(
    {"busybox", "busybox.static", "toybox", "coreutils", "gnu-coreutils", "uutils"}
)
_PT_INTERP: Final = 3
_DEPTH: Final = 6


def find_multi_call(allowed: Iterable[str]) -> tuple[Gap, ...]:
    """Returns a gap for each allowed program that is many in one file: the kernel cannot tell them apart."""
    found = {os.path.realpath(path) for path in allowed}
    return tuple(
        Gap(
            code="sandbox/multi-call",
            message=f"{path} is many programs in one: under `enforce_run: tree` all of them may run",
            remedy="install the single programs (coreutils, findutils, …), or do not allow it",
        )
        for path in sorted(found)
        if os.path.basename(path) in _MULTI_CALL
    )


def find_programs(allowed: Iterable[str]) -> tuple[str, ...]:
    """Returns real paths of files, and trees of companions, that the allowed executables need to run."""
    found: dict[str, None] = {}
    pending = [(path, 0) for path in allowed]
    while pending:
        path, depth = pending.pop()
        real = os.path.realpath(path)
        if real in found or depth > _DEPTH or not os.path.exists(real):
            continue
        found[real] = None
        pending += [(other, depth + 1) for other in _needs(path, real)]
    return tuple(sorted(found))


def _needs(path: str, real: str) -> Iterator[str]:
    for name in {os.path.basename(path), os.path.basename(real)}:
        yield from _COMPANIONS.get(name, ())
    if not os.path.isfile(real):
        return
    try:
        with open(real, "rb") as file:
            head = file.read(4096)
    except OSError:
        return
    if head.startswith(b"#!"):
        words = head[2:].split(b"\n")[0].split()
        if words:
            yield os.fsdecode(words[0])
        if len(words) > 1 and os.path.basename(words[0]) == b"env":
            yield from _on_usual_path(
                os.fsdecode(next((word for word in words[1:] if word[:1] != b"-"), b""))
            )
    elif head.startswith(b"\x7fELF\x02\x01"):
        loader = _loader(head)
        if loader:
            yield loader


def _on_usual_path(name: str) -> Iterator[str]:
    for directory in ("/usr/local/bin", "/usr/bin", "/bin"):
        if name and os.path.exists(f"{directory}/{name}"):
            yield f"{directory}/{name}"
            return


def _loader(head: bytes) -> str:
    """Returns the loader that a 64-bit little-endian ELF file names, "" for none in its first bytes."""
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    for number in range(count):
        start = table + number * size
        if start + 56 > len(head):
            return ""
        kind, _, offset = struct.unpack_from("<IIQ", head, start)
        if kind == _PT_INTERP:
            return os.fsdecode(head[offset:].split(b"\0")[0])
    return ""
