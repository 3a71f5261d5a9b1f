"""`serve_tui`: the TUI in a browser, by textual-serve, on 127.0.0.1, for the one browser that `Gate` lets in.

One tab has the run: a second one is refused while it does. Nothing is fetched from elsewhere.
"""

import shlex
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware
from textual_serve.server import Server

from rundown.tui.gate import COOKIE, HOST, Gate, Visit

_PAGE = Path(__file__).parent / "page"
_QUIET_SCRIPT, _SPOKEN_SCRIPT = "screenReaderMode:!1", "screenReaderMode:!0"
"""xterm keeps the text of its screen in the page only for screen readers; ours always does."""
_Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve_tui(words: Sequence[str], port: int, say: Callable[[str], object]) -> int:
    """Serves `rundown tui WORDS` until it is interrupted; `say` is told the address. Returns 0."""
    listening = socket.create_server((HOST, port))
    server = GatedServer([sys.executable, "-m", "rundown", "tui", *words], listening.getsockname()[1])
    say(server.gate.address)
    web.run_app(
        server.application(), sock=listening, print=lambda *_: None, access_log=None, shutdown_timeout=20
    )
    return 0


class GatedServer(Server):
    """textual-serve behind a gate."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        super().__init__(
            shlex.join(command), host=HOST, port=port, title="rundown", templates_path=str(_PAGE)
        )
        self.gate = Gate(port)
        self._tab: web.Request | None = None

    async def application(self) -> web.Application:
        """Returns the application, the gate before everything in it."""
        app: web.Application = await self._make_app()
        app.middlewares.append(self._guard())
        app.on_response_prepare.append(self._say_headers)
        return app

    def _guard(self) -> Middleware:
        script = (Path(self.statics_path) / "js" / "textual.js").read_text("utf-8")
        script = script.replace(_QUIET_SCRIPT, _SPOKEN_SCRIPT)

        @web.middleware
        async def guard(request: web.Request, handler: _Answer) -> web.StreamResponse:
            visit = _visit(request)
            if reason := self.gate.refusal(visit):
                return web.Response(status=403, text=f"{reason}\n")
            if self.gate.admits(visit):
                return self._welcome()
            if not self.gate.knows(visit):
                return web.Response(status=403, text="the token is wrong, or was used already\n")
            if request.path == "/static/js/textual.js":
                return web.Response(text=script, content_type="text/javascript")
            return await handler(request)

        return guard

    def _welcome(self) -> web.Response:
        """To the page itself, so that the token stays in no history."""
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(COOKIE, self.gate.cookie, httponly=True, samesite="Strict", path="/")
        return response

    async def _say_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self.gate.headers())

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Runs the TUI for this tab; refuses a second one meanwhile."""
        if self._tab is not None:
            raise web.HTTPConflict(text="another tab has it: close that one first\n")
        self._tab = request
        try:
            answered: web.WebSocketResponse = await super().handle_websocket(request)
            return answered
        finally:
            self._tab = None

    async def on_startup(self, app: web.Application) -> None:
        """Prints nothing: the address was said already."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Lets go of the tab, so that its run comes to rest."""
        if self._tab is not None and self._tab.transport is not None:
            self._tab.transport.close()


def _visit(request: web.Request) -> Visit:
    return Visit(
        method=request.method,
        path=request.path,
        hosts=tuple(request.headers.getall("Host", [])),
        origin=request.headers.get("Origin"),
        is_socket=request.headers.get("Upgrade", "").lower() == "websocket" or request.path == "/ws",
        token=request.query.get("token", ""),
        cookie=request.cookies.get(COOKIE, ""),
    )
