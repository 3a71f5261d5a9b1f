"""`Names`: an address of its own for each name that a run's steps may reach, stable within the run.

Out of 198.18.0.0/15, which is nobody's on the internet. Source: RFC 2544 §C.2.2, RFC 6890.
"""

import ipaddress
import threading
from typing import Final

_FIRST: Final = int(ipaddress.IPv4Address("198.18.0.4"))
_LAST: Final = int(ipaddress.IPv4Address("198.19.255.254"))


class Names:
    """May be used from any thread."""

    def __init__(self, room: int = _LAST - _FIRST + 1) -> None:
        self._room = min(room, _LAST - _FIRST + 1)
        self._addresses: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()

    def address_of(self, name: str) -> str | None:
        """Returns the address that stands for a normalised name, None if there is none left."""
        with self._lock:
            if name not in self._addresses:
                if len(self._addresses) >= self._room:
                    return None
                address = str(ipaddress.IPv4Address(_FIRST + len(self._addresses)))
                self._addresses[name] = address
                self._names[address] = name
            return self._addresses[name]

    def name_of(self, address: str) -> str | None:
        """Returns the name that an address stands for."""
        with self._lock:
            return self._names.get(address)


def is_stand_in(address: str) -> bool:
    """Whether an address is one of those that stand for names, given out or not."""
    return _FIRST - 4 <= int(ipaddress.IPv4Address(address)) <= _LAST + 1
