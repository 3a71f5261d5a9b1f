"""`Notice`: tells a person who is not looking that a question waits, by the command that `notify:` names.

The command comes from the person's own document or the system's, never from a project; the sentence is its
last argument. Nothing depends on it: what goes wrong with it stops nothing.
"""

import subprocess
from contextlib import suppress

from rundown.render.escape import visible


class Notice:
    """`words`: the command, () for none; known once the policy is."""

    def __init__(self) -> None:
        self.words: tuple[str, ...] = ()

    def send(self, sentence: str) -> None:
        """Starts the command, if there is one, and does not wait for it."""
        if self.words:
            with suppress(OSError):
                subprocess.Popen(
                    [*self.words, visible(sentence)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
