"""The web TUI: one browser on this machine has it, and a person approves a step in a real one."""

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.browser import Browser, find_chromium
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
