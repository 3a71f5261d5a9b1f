"""What a signal brings about, by what is going on when it comes."""

import signal

import pytest

from rundown.cli.hangup import HangUp
from rundown.cli.signals import Hearing, TerminatedError


class Room:
    """Where a step runs, or does not."""

    def __init__(self, *, is_busy: bool = False) -> None:
        self.is_busy = is_busy
        self.interrupts = 0

    def interrupt(self) -> bool:
        self.interrupts += self.is_busy
        return self.is_busy


def hearing(room: Room | None = None, *, withdraws: bool = False, hangup: HangUp | None = None) -> Hearing:
    heard = Hearing(lambda: None, lambda reason: withdraws, hangup)
    if room is not None:
        heard.attach(room)  # type: ignore[arg-type]
    return heard


def raised(heard: Hearing, number: int = signal.SIGINT) -> type[BaseException] | None:
    try:
        heard.end(number, None)
    except KeyboardInterrupt as error:
        return type(error)
    return None


@pytest.mark.parametrize("room", [None, Room()], ids=["no room yet", "nothing runs"])
@pytest.mark.parametrize(
    ("number", "error"),
    [
        (signal.SIGINT, KeyboardInterrupt),
        (signal.SIGTERM, TerminatedError),
        (signal.SIGHUP, KeyboardInterrupt),
    ],
)
def test_where_no_step_runs_rundown_itself_is_interrupted(
    room: Room | None, number: int, error: type[BaseException]
) -> None:
    assert raised(hearing(room, hangup=HangUp()), number) is error


def test_a_running_step_is_ended_and_a_second_signal_reaches_it_as_well() -> None:
    room = Room(is_busy=True)
    heard = hearing(room)
    assert (raised(heard), raised(heard), room.interrupts) == (None, None, 2)


def test_an_ending_is_not_torn_off_unless_it_hangs() -> None:
    room = Room(is_busy=True)
    heard = hearing(room)
    raised(heard)
    room.is_busy = False
    answers = [raised(heard) for _ in range(10)]
    assert answers == [None] * 9 + [KeyboardInterrupt]


def test_an_end_that_was_interrupted_once_is_not_interrupted_again() -> None:
    heard = hearing(Room())
    assert (raised(heard), raised(heard)) == (KeyboardInterrupt, None)


def test_what_is_told_of_a_run_that_is_over_is_told_to_its_end() -> None:
    heard = hearing(Room())
    heard.rest()
    assert raised(heard, signal.SIGTERM) is None


def test_a_question_takes_the_signal_and_the_run_goes_on() -> None:
    heard = hearing(Room(), withdraws=True)
    assert (raised(heard), raised(heard)) == (None, None)
    step = Room(is_busy=True)
    heard.attach(step)  # type: ignore[arg-type]
    assert (raised(heard), step.interrupts) == (None, 1)


def test_a_lost_terminal_lets_a_step_come_to_its_end() -> None:
    room, hangup = Room(is_busy=True), HangUp()
    assert (raised(hearing(room, hangup=hangup), signal.SIGHUP), hangup.happened, room.interrupts) == (
        None,
        True,
        0,
    )
