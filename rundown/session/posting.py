"""`Posting`: what one agent is given for one attempt: a HOME of its own, its configuration, its gateway.

All of it is gone at the end. Nothing in it is a secret: the key stays in the gateway.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from rundown.agents.launch import AgentLaunch, furnish
from rundown.agents.place import DUMMY_KEY, AgentPlace, Furniture
from rundown.egress.gateway import Gateway, GatewayLimits
from rundown.egress.route import Route
from rundown.egress.upstream import Upstream
from rundown.session.private_files import open_private

INSIDE = "/run/rundown-agent"
"""Where an agent in a mount namespace finds its HOME. Not below a temporary directory: Codex refuses that."""


class Posting(Struct, frozen=True, kw_only=True):
    """`home` on the host, `shown` as the agent sees it; `variables` are its own. `gateway` None: this agent
    names no model API; `routes`: what answers it on the agent's own loopback."""

    home: Path
    shown: str
    variables: dict[str, str]
    gateway: Gateway | None = None
    routes: tuple[Route, ...] = ()


class Walls(Struct, frozen=True, kw_only=True):
    """Whether a step has a mount view, and a network namespace, of its own. `reaches`: rundown can listen
    where the step can connect."""

    view: bool = False
    net: bool = False
    reaches: bool = True


class Terms(Struct, frozen=True, kw_only=True):
    """What a posting is made from. `exceeded(reason)` is called by the gateway, on its own thread;
    `route_port`: for a route of the agent's own loopback."""

    launch: AgentLaunch
    upstream: Upstream | None
    limits: GatewayLimits
    exceeded: Callable[[str], object]
    root: str
    person_home: str
    walls: Walls
    route_port: int = 0


@contextmanager
def open_posting(folder: Path, terms: Terms) -> Iterator[Posting]:
    """Makes the HOME below `folder` and starts the gateway; ends both on leaving.

    Raises:
        OSError: the directory cannot be made.
    """
    with ExitStack() as stack:
        home = stack.enter_context(open_private(folder, "agent"))
        gateway = None
        port = 0
        # The machine's own loopback is everybody's: there only the agent's own requests are forwarded.
        word = "" if terms.walls.net else f"rundown-{secrets.token_hex(16)}"
        if terms.upstream is not None:
            gateway = stack.enter_context(Gateway(terms.upstream, terms.limits, terms.exceeded, word))
            port = terms.route_port if terms.walls.net else gateway.serve_loopback()
        shown = INSIDE if terms.walls.view else str(home)
        place = AgentPlace(
            home=shown,
            root=terms.root,
            api=terms.upstream.api if terms.upstream is not None else None,
            gateway=f"http://127.0.0.1:{port}" if port else "",
            key=word or DUMMY_KEY,
        )
        furniture = furnish(terms.launch, place)
        _lay_out(home, furniture)
        yield Posting(
            home=home,
            shown=shown,
            variables={**furniture.variables, **_git(terms.person_home)},
            gateway=gateway,
            routes=(Route(port=port, serve=gateway.answer),) if gateway and terms.walls.net else (),
        )


def _lay_out(home: Path, furniture: Furniture) -> None:
    for name, text in furniture.files:
        path = home / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as stream:
            stream.write(text)


def _git(person_home: str) -> dict[str, str]:
    """Git keeps the person's name: another HOME would lose it. The sandbox shows it without credentials."""
    path = f"{person_home}/.gitconfig"
    return {"GIT_CONFIG_GLOBAL": path} if os.path.isfile(path) else {}
