"""`Asking`: puts a question to a person once, however many connections wait for the answer."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from rundown.egress.gate import Verdict

_MOST_OPEN: Final = 32
_TOO_MANY: Final = Verdict(outcome="deny", rule="too many questions are open already")

_OVER: Final = Verdict(outcome="deny", rule="the step had ended before anybody was asked")


class Asking:
    """Lives on one loop. `ask` blocks, so each question has a thread of its own."""

    def __init__(self, ask: Callable[[str, int, tuple[str, ...], str], Verdict]) -> None:
        self._ask = ask
        self._open: dict[tuple[str, int, str], asyncio.Future[Verdict]] = {}
        self._threads: list[threading.Thread] = []
        self._is_over = False

    async def settle(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        """Returns the answer: allow or deny."""
        key = (host, port, about)
        if key not in self._open:
            if self._is_over:
                return _OVER
            if len(self._open) >= _MOST_OPEN:
                return _TOO_MANY
            self._start(key, addresses)
        return await asyncio.shield(self._open[key])

    async def stop(self) -> None:
        """Lets no question begin any more: nobody is there whom an answer would help."""
        self._is_over = True

    def threads(self) -> tuple[threading.Thread, ...]:
        """Those that may still wait for a person."""
        return tuple(thread for thread in self._threads if thread.is_alive())

    def _start(self, key: tuple[str, int, str], addresses: tuple[str, ...]) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Verdict] = loop.create_future()
        self._open[key] = answer

        def tell(verdict: Verdict) -> None:
            del self._open[key]
            answer.set_result(verdict)

        def work() -> None:
            host, port, about = key
            try:
                verdict = self._ask(host, port, addresses, about)
            except BaseException as problem:  # nobody can be asked any more: that is a no
                verdict = Verdict(outcome="deny", rule=f"it could not be asked ({problem})")
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, verdict)

        thread = threading.Thread(target=work, name="egress-ask", daemon=True)
        self._threads = [*self.threads(), thread]
        thread.start()
