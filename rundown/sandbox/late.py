"""Late matches: what a step created although a write deny, or a protection, is about its name.

A deny can be put on what exists; a name that comes later is found at step end, moved out of the way and
reported. The kernel has no way to refuse a name that does not exist yet.
"""

import os
import shutil

from rundown.model.policy import Envelope
from rundown.model.sandbox import Mask, Survey
from rundown.sandbox.settings import ViewSettings
from rundown.sandbox.survey import survey
from rundown.sandbox.walk import WalkMemory


def find_late_matches(
    before: Survey, envelope: Envelope, settings: ViewSettings, memory: WalkMemory | None = None
) -> tuple[Mask, ...]:
    """Returns what lies in writable trees now, is denied there, and was not there at step start."""
    known = {mask.path for mask in before.masks}
    found = survey(envelope, settings, memory)
    writable = tuple(tree.path.removesuffix("/") + "/" for tree in found.trees if tree.write)
    return tuple(mask for mask in found.masks if mask.path not in known and mask.path.startswith(writable))


def quarantine(late: tuple[Mask, ...], directory: str) -> tuple[tuple[str, str], ...]:
    """Moves late matches into `directory` (made, 0700); returns from and to of each, in order.

    Raises: OSError if one cannot be moved; those before it are.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    moved: list[tuple[str, str]] = []
    for mask in late:
        if not os.path.lexists(mask.path):
            continue
        number = len(os.listdir(directory))
        target = os.path.join(directory, f"{number:04d}-{os.path.basename(mask.path)}")
        shutil.move(mask.path, target)
        moved.append((mask.path, target))
    return tuple(moved)
