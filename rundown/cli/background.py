"""`--detach`: a run that asks what it must at the terminal, and goes on without it from its first process.

A process of its own, made before anything else, drives the run. The one that was called waits until that
one leaves the terminal, says how to come back to the run, and ends.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.digest import canonical_json
from rundown.model.event import Event, LaunchRequested
from rundown.model.runbook import Runbook
from rundown.record.ids import short_id
from rundown.session.ports import Frontend, Prompter, Stream
from rundown.session.run import Ended, Front


def go_to_background(*, as_json: bool) -> "int | Background":
    """Returns twice: to the process that drives the run what it needs, to the one that was called its exit
    code, once the run goes on by itself or has come to rest before."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        return Background(writer, as_json=as_json)
    os.close(writer)
    with _signals_left_to(child):
        with os.fdopen(reader, "rb") as stream:
            told = stream.read()
        if not told:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256
    run_id, words = json.loads(told)
    if as_json:
        sys.stdout.write(canonical_json({"detached": True, "run_id": run_id}).decode() + "\n")
    else:
        run = short_id(run_id)
        sys.stdout.write(f"detached: run {run} goes on without this terminal\n")
        sys.stdout.write(f"watch it, answer it: rundown attach {run}{words}\n")
    return 0


WAITS_FOR_SOMEBODY = frozenset({"denied", "waiting", "in-doubt", "secret", "violation"})
_F = TypeVar("_F", bound=Front)


class Background:
    """The half that goes on. `writer`: where the other half hears of it."""

    def __init__(self, writer: int, *, as_json: bool) -> None:
        self._writer = writer
        self._as_json = as_json
        self.is_detached = False

    def around(self, front: _F, place: str) -> _F:
        """Returns a front end that leaves the terminal when the first process is about to start: nobody is
        asked from then on (the run pauses instead), and nothing is shown. `place`: flags by which the run is
        found from where the person stands."""

        def frontend(run_id: str, runbook: Runbook, earlier: Iterable[Event]) -> Frontend:
            shown = _Silent() if self._as_json else front.frontend(run_id, runbook, earlier)
            return _Leaving(shown, lambda: self._leave(run_id, place))

        prompter = cast("Prompter", _Absent(front.prompter, self))
        return replace(
            front, prompter=prompter, frontend=frontend, terminal=_LeftTerminal(shown=front.terminal.size())
        )

    def tell_waiting(self, ended: Ended, send: Callable[[str], None], place: str) -> None:
        """Sends a sentence if the run waits for somebody now, who sees nothing of it. `place`: as above."""
        if self.is_detached and ended.pause is not None and ended.pause.reason in WAITS_FOR_SOMEBODY:
            run, pause = short_id(ended.run_id), ended.pause
            send(f"run {run} waits at step {pause.position} ({pause.reason}): rundown attach {run}{place}")

    def _leave(self, run_id: str, place: str) -> None:
        """Source: setsid(2): a session without a terminal, which no lost connection ends."""
        if self.is_detached:
            return
        self.is_detached = True
        sys.stdout.flush()
        sys.stderr.flush()
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nowhere, fd)
        os.close(nowhere)
        os.write(self._writer, json.dumps([run_id, place]).encode())
        os.close(self._writer)


class _Leaving:
    """A front end, and what is done when a process is about to start."""

    def __init__(self, frontend: Frontend, leave: Callable[[], None]) -> None:
        self._frontend = frontend
        self._leave = leave
        self.output = frontend.output
        self.present = frontend.present

    def show(self, event: Event) -> None:
        """Shows one event. The terminal is left before a process is told to start: it is in order then."""
        if isinstance(event.body, LaunchRequested):
            self._leave()
        self._frontend.show(event)


class _Silent:
    def show(self, event: Event) -> None: ...

    def output(self, stream: Stream, chunk: bytes) -> None: ...

    def present(self, task: str) -> None: ...


class _Absent:
    """A prompter of which nobody can be asked any more once the terminal was left."""

    def __init__(self, prompter: Prompter, background: Background) -> None:
        self._prompter = prompter
        self._background = background

    def can_ask(self) -> bool:
        return not self._background.is_detached and self._prompter.can_ask()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._prompter, name)


class _LeftTerminal(Struct, frozen=True, kw_only=True):
    """A terminal as large as the one that was left, which nobody types at."""

    shown: tuple[int, int] | None = None

    def size(self) -> tuple[int, int] | None:
        return self.shown

    def stdin(self, *, interactive: bool) -> int | None:
        return None


@contextmanager
def _signals_left_to(child: int) -> Iterator[None]:
    """While inside, Ctrl-C is the other process's matter, and a wish to end is passed on to it."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
