"""The web TUI: one browser on this machine has it, and a person approves a step in a real one."""

import asyncio
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support.browser import Browser, find_chromium
from tests.support.patience import PATIENCE_SECONDS
from tests.support.project import RUNDOWN, bare_environment, commit_all

ASKS = """# Asks

## 1. Reverse

```sh
seq 3 | tac > "$RD_WORK_PATH/reversed"
echo done-$((40 + 2))
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "asks.runbook.md").write_text(ASKS)
    commit_all(place, "Start")
    return place


@contextmanager
def served(project: Path) -> Iterator[str]:
    """Serves the runbook; gives the address that is printed."""
    server = subprocess.Popen(
        [RUNDOWN, "tui", "asks.runbook.md", "--web"],
        cwd=project,
        env=bare_environment(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[1]
    finally:
        server.terminate()
        assert server.wait(60) == 0


def ask(address: str, path: str, *headers: str) -> tuple[int, str]:
    """Returns status and headers of an answer to a request that is written as it is."""
    host, _, port = address.split("/")[2].partition(":")
    lines = [f"GET {path} HTTP/1.1", *headers, "Connection: close", "", ""]
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
            if b"\r\n\r\n" in answer:
                break
    head = answer.partition(b"\r\n\r\n")[0].decode()
    return int(head.split()[1]), head


def test_nobody_else_is_let_in(project):
    with served(project) as address:
        own = address.split("/")[2]
        host, query = f"Host: {own}", address.partition("/?")[2]
        socket_headers = (
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
        )
        assert address.startswith("http://127.0.0.1:")
        assert ask(address, "/", host)[0] == 403
        assert ask(address, "/?token=wrong", host)[0] == 403
        assert ask(address, f"/?{query}", "Host: evil.example")[0] == 403
        assert ask(address, f"/?{query}", host, "Origin: http://evil.example")[0] == 403
        status, head = ask(address, f"/?{query}", host)
        cookie = re.search(r"Set-Cookie: ([^;]+);", head)
        assert (status, cookie is not None) == (303, True), head
        assert ("HttpOnly" in head, "SameSite=Strict" in head, "frame-ancestors 'none'" in head) == (
            True,
        ) * 3
        assert ask(address, f"/?{query}", host)[0] == 403
        known = f"Cookie: {cookie.group(1)}"  # type: ignore[union-attr]
        assert ask(address, "/", host, known)[0] == 200
        assert ask(address, "/ws", host, *socket_headers, f"Origin: http://{own}")[0] == 403
        assert ask(address, "/ws", host, known, *socket_headers, "Origin: http://evil.example")[0] == 403
        assert ask(address, "/ws", host, known, *socket_headers)[0] == 403
        assert ask(address, "/", host, "Cookie: rundown-session=x")[0] == 403


@pytest.mark.kernel
def test_one_tab_has_the_run_and_closing_it_pauses_the_run(project):
    (project / "asks.runbook.md").write_text("# Waits\n\n## 1. Wait\n\n```sh\nsleep 300\n```\n")

    seen: list[bytes] = []

    async def look(tab: aiohttp.ClientWebSocketResponse) -> None:
        async for message in tab:
            seen.append(message.data if isinstance(message.data, bytes) else b"")

    async def visit(address: str) -> int:
        own, path = address.split("/?")[0], f"/?{address.partition('/?')[2]}"
        _, head = ask(address, path, f"Host: {own.removeprefix('http://')}")
        cookie = re.search(r"Set-Cookie: ([^;]+);", head)
        assert cookie is not None, head
        headers = {"Cookie": cookie.group(1), "Origin": own}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with client.ws_connect(f"{own}/ws?width=100&height=30") as tab:
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await client.ws_connect(f"{own}/ws?width=100&height=30")
                looking = asyncio.create_task(look(tab))
                await until(lambda: b"Nothing has run yet" in b"".join(seen))
                await tab.send_json(["stdin", "r"])
                await until(lambda: "LaunchRequested" in logged(project))
                looking.cancel()
            await until(lambda: '"interrupted"' in logged(project))
            return refused.value.status

    with served(project) as address:
        assert asyncio.run(visit(address)) == 409


def logged(project: Path) -> str:
    """Returns the events on record."""
    return "".join(path.read_text() for path in (project / ".rundown").glob("runs/*/events.jsonl"))


async def until(holds: Callable[[], bool]) -> None:
    """Returns once it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


@pytest.mark.kernel
def test_a_person_approves_a_step_in_a_browser_with_the_keyboard(project, tmp_path):
    if find_chromium() is None and os.environ.get("RUNDOWN_KERNEL") != "require":
        pytest.skip("no chromium on the PATH")
    pictures = Path(os.environ.get("RUNDOWN_ARTEFACTS", tmp_path))

    async def approve(address: str) -> str:
        async with Browser() as browser:
            await browser.open(address)
            await browser.wait_for("Nothing has run yet")
            await browser.press("r")
            assert "run tac" in await browser.wait_for("Permission needed")
            await browser.wait_for("Enter alone: deny")
            await browser.picture(pictures / "web-permission.png")
            await browser.press("y")
            screen = await browser.wait_for("Complete.")
            await browser.picture(pictures / "web-complete.png")
            assert await browser.evaluate("location.href") == address.partition("?")[0]
            return screen

    with served(project) as address:
        screen = asyncio.run(approve(address))
    assert "done-42" in screen, screen
    assert (project / ".rundown/work/reversed").read_text() == "3\n2\n1\n"
