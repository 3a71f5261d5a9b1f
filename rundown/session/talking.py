"""`Talk`: one confined process while it runs, with its standard input and output both ways.

The step runs on a thread of its own; whoever drives the run reads here and writes here. Decides nothing;
what the process prints is bytes of a stranger.
"""

import os
import queue
import select
import threading
from collections.abc import Callable
from typing import Final

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.session.ports import OutputSink, Stream

_PATIENCE_S: Final = 30.0
"""For a process that does not read what it asked for."""

_MOST_HELD_BYTES: Final = 256 << 20
"""Printed and not yet read here, as while a person is asked: more than any agent says meanwhile."""

_PIPE_BYTES: Final = 1 << 16

Run = Callable[[OutputSink, int], ProcessResult | StageFailure]


class DeafError(RundownError):
    """The process does not take what is sent to it."""


class Talk:
    """A context manager; leaving it ends the process if it still runs.

    `run(sink, stdin_fd)` starts the process and returns when it is gone; it closes `stdin_fd` as soon as the
    process has it, so that a process which is gone, or closed its input, is known to read nothing. `stop()`
    asks it to end.
    """

    def __init__(self, run: Run, stop: Callable[[], object]) -> None:
        self._run = run
        self._stop = stop
        self._stdin, self._input = os.pipe2(os.O_CLOEXEC)
        self._chunks: queue.SimpleQueue[tuple[Stream, bytes] | None] = queue.SimpleQueue()
        self._held = 0
        self._result: ProcessResult | StageFailure | BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="agent", daemon=True)
        self._open = True
        os.set_blocking(self._input, False)

    def __enter__(self) -> "Talk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        if self._thread.is_alive():
            self._stop()
        self._thread.join()

    def send(self, content: bytes) -> None:
        """Writes all of it.

        Raises:
            DeafError: nobody reads it, or nobody is there any more.
        """
        rest = memoryview(content)
        while rest and self._open:
            if not select.select((), (self._input,), (), _PATIENCE_S)[1]:
                raise _deaf("it does not read its input")
            try:
                rest = rest[os.write(self._input, rest[:_PIPE_BYTES]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise _deaf("it closed its input") from error

    def receive(self, patience_s: float | None = None) -> tuple[Stream, bytes] | None:
        """Returns the next chunk; None when the process is gone and everything was read.

        Raises:
            queue.Empty: nothing came in time.
        """
        found = self._chunks.get(timeout=patience_s)
        if found is None:
            self._chunks.put(None)
        else:
            self._held -= len(found[1])
        return found

    def hang_up(self) -> None:
        """Closes its input: the end of what it is told."""
        if self._open:
            self._open = False
            os.close(self._input)

    def stop(self) -> None:
        """Asks it to end: TERM, and KILL when it does not. May be called from any thread."""
        self._stop()

    def finish(self) -> ProcessResult | StageFailure:
        """Waits for the end; returns it.

        Raises:
            BaseException: what the launch itself raised.
        """
        self._thread.join()
        if isinstance(self._result, BaseException):
            raise self._result
        assert self._result is not None
        return self._result

    def _work(self) -> None:
        try:
            self._result = self._run(self._keep, self._stdin)
        except BaseException as error:  # told to whoever waits, in `finish`
            self._result = error
        finally:
            self._chunks.put(None)

    def _keep(self, stream: Stream, chunk: bytes) -> None:
        self._held += len(chunk)
        if self._held > _MOST_HELD_BYTES:
            self._stop()
            return
        self._chunks.put((stream, chunk))


def _deaf(why: str) -> DeafError:
    return DeafError(Diagnostic(code="agents/deaf", message=f"the agent cannot be told anything: {why}"))
