"""An agent's tool call as a request of its own, decided as a step is: what it would run, read or reach."""

import os
from urllib.parse import urlsplit

from msgspec.structs import replace

from rundown.agents.call import ToolCall
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.session.ports import Workspace
from rundown.session.request import Place, freeze_nothing
from rundown.shell.extract import extract

_PORTS = {"http": 80, "https": 443}


def freeze_call(place: Place, call: ToolCall, workspace: Workspace) -> ExecutionRequest:
    """Returns the request. It is decided and never launched here: the agent itself does what is allowed."""
    cwd = os.path.join(place.cwd, call.cwd)
    found = tuple(workspace.resolve(item, cwd) for item in _operations(call))
    if call.cwd:
        wanted = Operation(capability=Capability.READ, resource=cwd, note="where the agent runs it")
        found = (*found, workspace.resolve(wanted, place.cwd))
    text = call.command if call.kind == "exec" else str(call)
    nothing = freeze_nothing(place)
    kind = "bash" if call.kind == "exec" else "agent"
    return replace(nothing, kind=kind, text=text, cwd=os.path.realpath(cwd), operations=found)


def _operations(call: ToolCall) -> tuple[Operation, ...]:
    match call.kind:
        case "exec":
            # Variables that the text reads are the agent's own by now: nothing of the parent's is among them.
            return extract(call.command, "bash").operations
        case "read":
            return tuple(Operation(capability=Capability.READ, resource=path) for path in call.paths)
        case "edit":
            return tuple(Operation(capability=Capability.WRITE, resource=path) for path in call.paths)
        case "fetch":
            return (Operation(capability=Capability.NET, resource=_endpoint(call.url)),)
        case "mcp" | "other":
            return (Operation(capability=Capability.TOOL, resource=call.name),)


def _endpoint(url: str) -> str:
    """The host and port of a URL; what is none stays as it is, and is refused as no host."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return url
    if not parts.hostname or port is None:
        return url
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}"
