"""`explain_no_network`: why a program reached nothing on a host that gives steps no network of their own.

A guess by the words of its errors, for a person to read. Source: gai_strerror(3), errno(3); the messages of
curl, git, ssh, libpq, Python, Node, Go and Java for a name or a connection that cannot be had.
"""

import re
from collections.abc import Iterator
from typing import Final

from rundown.model.event import RefusalSuspected
from rundown.model.sandbox import Gap

_CANNOT_CONNECT: Final = re.compile(
    r"could not resolve|name resolution|name or service not known|no address associated|\bEAI_\w+"
    r"|\bENOTFOUND\b|no such host|unknown ?host|could not translate host name|unable to look ?up"
    r"|\b(?:socket|connect|bind|listen|dial)\b.{0,80}"
    r"(?:operation not permitted|permission denied|\bE(?:PERM|ACCES)\b)"
    r"|(?:could not|couldn't|failed to|cannot|can't) connect",
    re.IGNORECASE,
)
_LAST_BYTES: Final = 1 << 15
_WHY: Final = {
    "sandbox/net-by-proxy": (
        "on this host steps have no network of their own: only programs that know of proxies (HTTPS_PROXY) "
        "reach what rules allow, and nothing can listen (rundown doctor)",
        "",
    ),
    "sandbox/no-sockets": (
        "on this host steps have no network of their own, and no rule lets this one reach anything "
        "(rundown doctor)",
        "--allow-net HOST",
    ),
}


def explain_no_network(position: str, gaps: tuple[Gap, ...], output: bytes) -> Iterator[RefusalSuspected]:
    """Yields the likely reason, if the end of what a step printed reads like it."""
    reasons = [_WHY[gap.code] for gap in gaps if gap.code in _WHY]
    if reasons and _CANNOT_CONNECT.search(output[-_LAST_BYTES:].decode("utf-8", "replace")):
        why, flag = reasons[0]
        yield RefusalSuspected(
            position=position, capability="net", resource="a connection", why=why, flag=flag
        )
