"""Runs a seccomp program as the kernel would, on made-up calls. Source: seccomp(2), bpf in linux/filter.h."""

import struct
from typing import Final

ARCHES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003, "arm": 0x40000028}
ALLOW, KILL = "allow", "kill"
_ACTIONS: Final = {0x7FFF0000: ALLOW, 0x80000000: KILL, 0x00000000: KILL, 0x00050000: "errno"}


def judge(program: bytes, machine: str, number: int, *arguments: int) -> str:
    """Returns `allow`, `kill`, or `errno N` for one call."""
    words = (*arguments, *[0] * (6 - len(arguments)))
    seen = struct.pack(
        "<iIQ6Q", number if number < 1 << 31 else number - (1 << 32), ARCHES[machine], 0, *words
    )
    code = [struct.unpack_from("<HBBI", program, place) for place in range(0, len(program), 8)]
    accumulator = at = 0
    while True:
        operation, yes, no, value = code[at]
        at += 1
        match operation:
            case 0x20:  # load a word
                (accumulator,) = struct.unpack_from("<I", seen, value)
            case 0x54:  # and
                accumulator &= value
            case 0x05:  # jump
                at += value
            case 0x15 | 0x25 | 0x35 | 0x45:  # jump if equal, greater, at least, any bit
                holds = {
                    0x15: accumulator == value,
                    0x25: accumulator > value,
                    0x35: accumulator >= value,
                    0x45: bool(accumulator & value),
                }[operation]
                at += yes if holds else no
            case 0x06:  # return
                action = _ACTIONS[value & 0xFFFF0000]
                return f"errno {value & 0xFFFF}" if action == "errno" else action
            case _:
                raise AssertionError(f"an operation that seccomp programs do not use: {operation:#x}")
