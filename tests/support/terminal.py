"""Drives a real program in a real terminal, as a person would: keys in, screen out.

A tmux server of its own (private socket, no configuration, fixed size, bare environment) shows one
program. Nothing here but `READY` knows rundown, and nothing sleeps for a guessed time: every wait is for a condition.

Source: tmux(1), sections "COMMANDS", "WINDOWS AND PANES" (capture-pane, send-keys, remain-on-exit).
"""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.patience import PATIENCE_SECONDS, POLL_SECONDS

READY = "Enter alone:"
"""Stands below every drawn question as soon as it takes answers."""
CONFIGURATION = """\
set -g history-limit 20000
set -g status off
set -s escape-time 0
"""

# tmux drops what a program wrote last if it ends at once, and sometimes misses that it ended (seen in 3.3a).
# So a shell stays behind, and says the status in the stream itself: once the pane has that title, everything
# before it has been shown. The traps keep the shell alive; the program gets the signals' defaults.
WATCH = """\
trap : INT QUIT
"$@"
printf '\\033]2;%s %s\\007' "$0" "$?"
exec sleep 86400
"""


class ScreenTimeoutError(AssertionError):
    """What was waited for did not come; the message holds the last screen."""


class Terminal:
    """One program on a screen of `columns` by `rows`; a context manager that ends it.

    The program gets `environment` and nothing of ours but PATH, HOME and LANG; TERM is tmux's own.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        columns: int = 100,
        rows: int = 40,
    ) -> None:
        self._argv = [str(word) for word in argv]
        self._cwd = cwd
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(cwd),
            "LANG": "C.UTF-8",
            **(environment or {}),
        }
        self._size = (columns, rows)
        self._place = ""
        self._mark = f"ended-{uuid.uuid4().hex}"

    def __enter__(self) -> Self:
        # A socket's path may have 107 bytes, fewer than pytest's own directories often take.
        self._place = tempfile.mkdtemp(prefix="rd-tmux-")
        inner = ["env", "-u", "TMUX", "-u", "TMUX_PANE", "sh", "-c", WATCH, self._mark, *self._argv]
        columns, rows = self._size
        options = (
            "set -g remain-on-exit on; set -g history-limit 20000; set -g status off; set -s escape-time 0"
        )
        configuration = Path(self._place, "tmux.conf")
        configuration.write_text(options.replace("; ", "\n") + "\n")
        self._tmux(
            *("-f", str(configuration), "new-session", "-d", "-s", "main"),
            *("-x", str(columns), "-y", str(rows), "-c", str(self._cwd), shlex.join(inner)),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server", check=False)
        shutil.rmtree(self._place, ignore_errors=True)

    def press(self, *keys: str) -> None:
        """Presses keys by tmux's names (`Enter`, `C-c`, `Up`, `Escape`) or single characters."""
        self._tmux("send-keys", "-t", "main", *keys)

    def type(self, text: str) -> None:
        """Types `text` as it is, without Enter."""
        self._tmux("send-keys", "-t", "main", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Pastes `text`, bracketed if the program wants to know what was pasted."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p", "-t", "main")

    def modes(self) -> str:
        """Returns 0 or 1 for: the alternate screen, insert mode, origin mode, mouse reports."""
        return self._ask("#{alternate_on} #{insert_flag} #{origin_flag} #{mouse_any_flag}")

    def screen(self, *, history: bool = True, colours: bool = False, joined: bool = True) -> str:
        """Returns the text on the screen, with what has scrolled off above it; wrapped lines are `joined`."""
        options = [
            *(("-J",) if joined else ()),
            *(("-S", "-") if history else ()),
            *(("-e",) if colours else ()),
        ]
        shown = self._tmux("capture-pane", "-p", "-t", "main", *options)
        return "\n".join(line.rstrip() for line in shown.splitlines()).rstrip("\n")

    def wait_for(self, text: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Returns the screen once it holds `text` (blanks at its end aside). Raises: ScreenTimeoutError."""
        return self.wait_until(lambda screen: text.rstrip() in screen, f"{text!r}", seconds)

    def wait_question(self, text: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Returns the screen once a drawn question that holds `text` takes answers."""

        def holds(screen: str) -> bool:
            return text in screen and READY in screen

        return self.wait_until(holds, f"question {text!r}", seconds)

    def wait_until(self, holds: Callable[[str], bool], what: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Returns the screen once `holds(screen)`. Raises: ScreenTimeoutError."""
        until = time.monotonic() + seconds
        while True:
            ended = self._status() is not None
            screen = self.screen()
            if holds(screen):
                return screen
            if ended or time.monotonic() > until:
                reason = "the program ended" if ended else f"{seconds:g} s are over"
                raise ScreenTimeoutError(f"no {what}: {reason}. The screen:\n{screen}")
            time.sleep(POLL_SECONDS)

    def wait_exit(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Returns the program's exit status (128 + signal number if one ended it). Raises: ScreenTimeoutError."""
        until = time.monotonic() + seconds
        while (status := self._status()) is None:
            if time.monotonic() > until:
                raise ScreenTimeoutError(f"still running after {seconds:g} s. The screen:\n{self.screen()}")
            time.sleep(POLL_SECONDS)
        return status

    def resize(self, columns: int, rows: int) -> None:
        """Gives the window another size."""
        self._tmux("resize-window", "-t", "main", "-x", str(columns), "-y", str(rows))

    def cursor_shown(self) -> bool:
        """Returns whether the cursor can be seen."""
        return self._ask("#{cursor_flag}") == "1"

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the program: the newest child of the shell that stays behind."""
        shell = self._ask("#{pane_pid}")
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        os.kill(int(children[-1]), number)

    def hang_up(self) -> None:
        """Closes the terminal under the program, as a lost connection does (SIGHUP)."""
        self._tmux("kill-pane", "-t", "main", check=False)

    def _status(self) -> int | None:
        mark, _, status = self._ask("#{pane_title}").partition(" ")
        return int(status) if mark == self._mark else None

    def _ask(self, format_: str) -> str:
        return self._tmux("display-message", "-p", "-t", "main", format_).strip()

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        command = ["tmux", "-L", "rundown-test", *arguments]
        environment = {**self._environment, "TMUX_TMPDIR": self._place}
        ran = subprocess.run(command, env=environment, cwd=self._cwd, capture_output=True, text=True)
        if check and ran.returncode != 0:
            raise RuntimeError(f"tmux {arguments[0]}: {ran.stderr.strip()}")
        return ran.stdout
