"""A real headless Chromium, driven over its own debugging protocol: keys in, page out.

Nothing here knows rundown, and nothing sleeps for a guessed time: every wait is for a condition.
Source: Chrome DevTools Protocol, domains Page, Runtime, Input, Target.
"""

import asyncio
import itertools
import shutil
import tempfile
import time
from base64 import b64decode
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.patience import PATIENCE_SECONDS, POLL_SECONDS

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=1200,760",
)


def find_chromium() -> str | None:
    """Returns the program, None where there is none."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


class Browser:
    """One browser with a profile of its own, and one page in it; an async context manager."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._home = tempfile.mkdtemp(prefix="rd-chromium-")

    async def __aenter__(self) -> Self:
        program = find_chromium()
        assert program is not None
        self._process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={self._home}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        while b"DevTools listening on" not in (line := await self._process.stderr.readline()):
            assert line, "the browser did not start"
        self._drain = asyncio.create_task(self._process.stderr.read())
        port = line.decode().split("//", 1)[1].split("/", 1)[0]
        self._client = aiohttp.ClientSession()
        async with self._client.get(f"http://{port}/json/list") as answer:
            pages = await answer.json()
        page = next(item for item in pages if item["type"] == "page")
        self._socket = await self._client.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._client.close()
        self._process.terminate()
        await self._process.wait()
        self._drain.cancel()
        shutil.rmtree(self._home, ignore_errors=True)

    async def open(self, address: str) -> None:
        """Goes to an address, in front of everything as a person would have it."""
        await self._send("Emulation.setFocusEmulationEnabled", enabled=True)
        await self._send("Page.navigate", url=address)

    async def evaluate(self, expression: str) -> Any:
        """Returns the value of an expression in the page."""
        answer = await self._send("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer.get("result", {}).get("value")

    async def press(self, key: str) -> None:
        """Presses and releases a key, by what it types or by its name (`Enter`)."""
        named = {"Enter": ("\r", 13), "Escape": ("", 27), "Tab": ("\t", 9)}
        text, code = named.get(key, (key, ord(key[0].upper())))
        for kind in ("keyDown", "keyUp"):
            await self._send(
                "Input.dispatchKeyEvent", type=kind, key=key, text=text, windowsVirtualKeyCode=code
            )

    async def screen(self) -> str:
        """Returns the text of the terminal in the page, as a screen reader gets it."""
        rows = "[...document.querySelectorAll('.xterm-accessibility-tree > *')].map(r => r.textContent)"
        return str(await self.evaluate(f"{rows}.join('\\n')")).replace("\xa0", " ")

    async def wait_for(self, text: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Returns the screen once it holds `text`."""
        until = time.monotonic() + seconds
        while text not in (screen := await self.screen()):
            assert time.monotonic() < until, f"no {text!r} in\n{screen}"
            await asyncio.sleep(POLL_SECONDS)
        return screen

    async def picture(self, path: Path) -> None:
        """Keeps a picture of the page."""
        answer = await self._send("Page.captureScreenshot", format="png")
        path.write_bytes(b64decode(answer["data"]))

    async def _send(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE_SECONDS)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])
