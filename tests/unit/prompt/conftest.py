"""What the tests of the prompts share: an app around one prompt, without a terminal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from rundown.prompt.base import Prompt
from rundown.prompt.inline import InlinePrompt, Waiting

PICTURES = Path(__file__).parent / "pictures"
NO_TERMINAL = -1
Shows = Callable[..., AbstractAsyncContextManager[Pilot[Any]]]


@pytest.fixture
def shows() -> Shows:
    """Returns a way to show a prompt that takes answers already."""

    @asynccontextmanager
    async def show(prompt: Prompt[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[Any]]:
        app = InlinePrompt(prompt, NO_TERMINAL, Waiting())
        async with app.run_test(size=size) as pilot:
            prompt.arm()
            await pilot.pause()
            await pilot.pause()
            yield pilot

    return show


def keys_answer(shows: Shows, prompt: Prompt[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> Any:
    """Returns what these keys answer; None if the question still stands."""

    async def ask() -> Any:
        async with shows(prompt, size) as pilot:
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            return pilot.app.return_value

    return asyncio.run(ask())
