"""`Gate`: who is let in to the web TUI. Pure but for the random token; knows no server.

The address holds a token that works once: whoever opens it first gets a cookie, and from then on nobody
else is let in. A request to another Host than our own is refused (a name that somebody's DNS points here),
and so is one that a page of another Origin makes.
"""

import hmac
import secrets
from collections.abc import Mapping

from msgspec import Struct

HOST = "127.0.0.1"
COOKIE = "rundown-session"


class Visit(Struct, frozen=True, kw_only=True):
    """What matters of a request. `hosts` are all Host headers; `origin` None: it names none."""

    method: str
    path: str
    hosts: tuple[str, ...]
    origin: str | None = None
    is_socket: bool = False
    token: str = ""
    cookie: str = ""


class Gate:
    """One browser is let in. `origin` is our own."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://{HOST}:{port}"
        self._host = f"{HOST}:{port}"
        self._token: str | None = secrets.token_urlsafe(32)
        self.cookie = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        """The address to open, with the token; without it once it was used."""
        return self.origin + "/" if self._token is None else f"{self.origin}/?token={self._token}"

    def refusal(self, visit: Visit) -> str:
        """Returns why a request is refused whoever makes it, "" if it is not."""
        if visit.hosts != (self._host,):
            return "this is not the address that rundown printed"
        usual: tuple[str | None, ...] = (self.origin,) if visit.is_socket else (None, self.origin)
        if visit.origin not in usual:
            return "a page from elsewhere may not reach this"
        if visit.method != "GET":
            return "only GET is answered"
        return ""

    def admits(self, visit: Visit) -> bool:
        """Whether a request brings the token, which is void from then on."""
        if self._token is None or visit.path != "/" or not _same(visit.token, self._token):
            return False
        self._token = None
        return True

    def knows(self, visit: Visit) -> bool:
        """Whether it is the browser that brought the token."""
        return _same(visit.cookie, self.cookie)

    def headers(self) -> Mapping[str, str]:
        """Returns what every answer says to the browser."""
        socket = self.origin.replace("http:", "ws:")
        policy = (
            "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data:; font-src 'self'; connect-src 'self' {socket}",
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        )
        return {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "; ".join(policy),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
