"""`Connecting`: takes a wanted connection to a permitted, established one, the same way for every entrance.

Which host is meant, what the rules say, what a person says, where the name leads, what that is; only then a
connection, to the very address that was looked at. Lives on egress's loop; nothing here blocks.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from rundown.egress.asking import Asking
from rundown.egress.checks import check_addresses, describe
from rundown.egress.dial import DialError, dial
from rundown.egress.gate import Gate, Verdict
from rundown.egress.names import is_stand_in
from rundown.egress.outer_proxy import OuterProxies, Proxy, connect_through
from rundown.egress.resolve import ResolveError, Resolver
from rundown.policy.host import Address, Endpoint, address_of

LOCALHOST: Final = "localhost"
LOOPBACK: Final = ("127.0.0.1", "::1")
_HINT_S: Final = 2.0


class Wanted(Struct, frozen=True, kw_only=True):
    """What a connection is to. `loopback`: a port of the host's own loopback."""

    host: str
    port: int
    loopback: bool = False


class Reached(NamedTuple):
    """A connection that was made: where it leads, as shown to people, what was read of it already, and how
    long it took with everything that had to be asked."""

    sock: socket.socket
    address: str
    first: bytes = b""
    took_s: float = 0.0


class RefusedError(Exception):
    """The connection is not made; the text is the reason. `verdict`: what said so, with its mend."""

    def __init__(self, reason: str, verdict: Verdict | None = None) -> None:
        super().__init__(reason)
        self.verdict = verdict or Verdict(outcome="deny")


class Connecting:
    """One step's. `patience_s`: how long a connection may take to be made."""

    def __init__(
        self, gate: Gate, asking: Asking, ways: tuple[Resolver, OuterProxies], patience_s: float
    ) -> None:
        self._gate = gate
        self._asking = asking
        self._resolver, self._proxies = ways
        self._patience_s = patience_s

    async def permit(self, wanted: Wanted) -> Verdict:
        """Returns what allows it. Raises: RefusedError."""
        if wanted.loopback:
            return self._permit_loopback(wanted)
        if ":" not in wanted.host and address_of(wanted.host) is not None and is_stand_in(wanted.host):
            raise RefusedError("no name was looked up that this address stands for")
        return await self._settle(wanted, (), "")

    async def reach(self, wanted: Wanted, verdict: Verdict) -> Reached:
        """Returns the connection. `verdict`: what allows it.

        Raises: RefusedError, ResolveError, DialError.
        """
        if wanted.loopback:
            both = dict.fromkeys((wanted.host, *LOOPBACK))
            forms = both if verdict.host == LOCALHOST else (wanted.host,)
            addresses = tuple(found for text in forms if (found := address_of(text)) is not None)
            sock, address = await dial(addresses, wanted.port, self._patience_s)
            return Reached(sock, str(address))
        proxy = self._proxies.proxy_for(wanted.host, wanted.port)
        if proxy is not None:
            return await self._go_through(proxy, wanted, verdict)
        addresses = await self._check(wanted, verdict, await self._resolver.resolve(wanted.host))
        sock, address = await dial(addresses, wanted.port, self._patience_s)
        return Reached(sock, str(address))

    async def _go_through(self, proxy: Proxy, wanted: Wanted, verdict: Verdict) -> Reached:
        """The proxy looks the name up; what is known of it here is checked all the same."""
        if proxy.flaw:
            raise DialError(proxy.flaw)
        known: tuple[Address, ...] = ()
        with suppress(ResolveError, TimeoutError):
            known = await asyncio.wait_for(self._resolver.resolve(wanted.host), _HINT_S)
        if known:
            await self._check(wanted, verdict, known)
        sock = await self._dial_proxy(proxy)
        try:
            way = connect_through(sock, proxy, Endpoint(host=wanted.host, port=wanted.port))
            first = await asyncio.wait_for(way, self._patience_s)
        except TimeoutError:
            sock.close()
            raise DialError(f"the proxy at {proxy.host}: no answer in {self._patience_s:.0f} s") from None
        except BaseException:
            sock.close()
            raise
        return Reached(sock, f"{proxy.host}:{proxy.port} (proxy)", first)

    async def _dial_proxy(self, proxy: Proxy) -> socket.socket:
        addresses = await self._resolver.resolve(proxy.host)
        try:
            return (await dial(addresses, proxy.port, self._patience_s))[0]
        except DialError as problem:
            raise DialError(f"the proxy at {proxy.host}: {problem}") from None

    async def _check(
        self, wanted: Wanted, verdict: Verdict, addresses: tuple[Address, ...]
    ) -> tuple[Address, ...]:
        """Returns the addresses that may be dialled. Raises: RefusedError."""
        checked = check_addresses(
            wanted.host, verdict, addresses, lambda address: self._gate.judge(address, wanted.port)
        )
        usable = checked.usable
        if not usable and checked.unsettled:
            shown = tuple(describe(address) for address in addresses)
            await self._settle(wanted, shown, str(checked.unsettled[0]))
            usable = checked.unsettled[:1]
        if not usable:
            raise RefusedError(checked.refused or f"{wanted.host} has no address", checked.by)
        return usable

    async def _settle(self, wanted: Wanted, addresses: tuple[str, ...], about: str) -> Verdict:
        verdict = self._gate.judge(about or wanted.host, wanted.port)
        if verdict.outcome == "ask" or (about and not verdict.named):
            verdict = await self._asking.settle(wanted.host, wanted.port, addresses, about)
        if verdict.outcome != "allow":
            raise RefusedError(verdict.rule, verdict)
        return verdict

    def _permit_loopback(self, wanted: Wanted) -> Verdict:
        last = Verdict(outcome="deny")
        for form in dict.fromkeys((LOCALHOST, wanted.host)):
            last = self._gate.judge(form, wanted.port)
            if last.outcome == "allow" and last.named:
                return replace(last, host=form)
        raise RefusedError(last.rule or "no rule names it", last)
