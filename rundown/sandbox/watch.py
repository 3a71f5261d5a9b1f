"""`MaskWatch`: notices when somebody outside puts another file in the place of a hidden one.

A mask is a mount on the file that was there; a rename over it takes the mount away, and the step would
see the new file. Nobody inside can do that. Source: inotify(7); mount_namespaces(7) on unlink and rename
of mount points in other namespaces.
"""

import ctypes
import os
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

_IN_MOVED_TO: Final = 0x80
_IN_CREATE: Final = 0x100
_IN_ONLYDIR: Final = 0x01000000
_IN_DONT_FOLLOW: Final = 0x02000000
_IN_NONBLOCK: Final = os.O_NONBLOCK
_IN_CLOEXEC: Final = os.O_CLOEXEC
_EVENT: Final = struct.Struct("iIII")
_MOST: Final = 4096


class MaskWatch:
    """Watches the directories that hold `paths`; `descriptor` is readable when something came there.

    A directory that cannot be watched (gone, or too many watches on this host) is left out.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "inotify")
        self._names: dict[int, dict[bytes, str]] = {}
        by_directory: dict[str, list[str]] = {}
        for path in paths:
            by_directory.setdefault(os.path.dirname(path), []).append(path)
        mask = _IN_MOVED_TO | _IN_CREATE | _IN_ONLYDIR | _IN_DONT_FOLLOW
        for directory, below in list(by_directory.items())[:_MOST]:
            watch = libc.inotify_add_watch(self.descriptor, os.fsencode(directory), mask)
            if watch >= 0:
                self._names.setdefault(watch, {}).update(
                    {os.fsencode(os.path.basename(path)): path for path in below}
                )

    def find_lost(self) -> str | None:
        """Returns a watched path whose place was taken since the last call."""
        lost = None
        with suppress(BlockingIOError):
            while events := os.read(self.descriptor, 65536):
                lost = lost or self._look(events)
        return lost

    def close(self) -> None:
        """Ends watching. Closed aside: the kernel takes ten milliseconds to let go of an inotify."""
        threading.Thread(target=os.close, args=(self.descriptor,), daemon=True).start()

    def _look(self, events: bytes) -> str | None:
        place = 0
        while place < len(events):
            watch, _, _, length = _EVENT.unpack_from(events, place)
            name = events[place + _EVENT.size : place + _EVENT.size + length].rstrip(b"\0")
            found = self._names.get(watch, {}).get(name)
            if found is not None:
                return found
            place += _EVENT.size + length
        return None
