"""The engine of the TUI with a real sandbox: what it comes to when its screen goes away."""

import pytest
from textual.message import Message

from rundown.model.event import LaunchRequested
from rundown.session.values import Given
from rundown.session.wish import Wish
from rundown.tui.conductor import Conductor, Errand, Manner
from rundown.tui.messages import CameToRest, EventShown
from tests.support.tui import read, surroundings

pytestmark = pytest.mark.kernel


def test_a_screen_that_goes_away_as_a_step_is_about_to_start_pauses_the_run_there(tmp_path):
    opened = read("# Waits\n\n## 1. Wait\n\n```sh\nsleep 300\n```\n")
    rests: list[CameToRest] = []

    def post(message: Message) -> None:
        if isinstance(message, EventShown) and isinstance(message.event.body, LaunchRequested):
            conductor.close()
        if isinstance(message, CameToRest):
            rests.append(message)

    manner = Manner(around=surroundings(tmp_path), wish=Wish(root=tmp_path))
    conductor = Conductor(Errand(manner=manner, opened=opened), post)
    conductor.start(opened, Given())
    conductor.begin(lends=False)
    assert conductor.join(60)
    assert [
        (rest.ended and rest.ended.pause and rest.ended.pause.reason, rest.problems) for rest in rests
    ] == [("interrupted", ())]
