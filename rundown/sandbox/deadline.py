"""`Deadline`: one point in time that moves back while the step is frozen. Monotonic clock only."""

import time


class Deadline:
    """Unset at first: then there is no end. Times are in nanoseconds."""

    def __init__(self) -> None:
        self._at: int | None = None
        self._frozen_since: int | None = None

    def set(self, from_now_ns: int | None) -> None:
        """Sets it that far from now; None unsets it."""
        self._at = None if from_now_ns is None else time.monotonic_ns() + from_now_ns

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_since is not None

    def freeze(self, wanted: bool) -> None:
        """Stops time, or lets it go on from where it stood."""
        now = time.monotonic_ns()
        if self._frozen_since is not None and self._at is not None:
            self._at += now - self._frozen_since
        self._frozen_since = now if wanted else None

    def left_s(self) -> float | None:
        """Returns the seconds that are left, at least 0; None if it never comes."""
        if self._at is None or self.is_frozen:
            return None
        return max(0, self._at - time.monotonic_ns()) / 1e9

    def has_passed(self) -> bool:
        """Whether it is over."""
        return self.left_s() == 0
