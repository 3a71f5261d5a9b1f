"""What rules are held against: one operation, brought into the form its capability is matched in.

Pure text work on facts that were gathered before; computed once an operation, used by every rule.
"""

import posixpath

from msgspec import Struct

from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.facts import PolicyFacts
from rundown.policy.host import Address, Endpoint, NotAHost, address_of, parse_endpoint


class RunSubject(Struct, frozen=True, kw_only=True):
    """An executable. `open`: what it is is not known before it runs. `places`: its real path and, for a
    word with a slash, its absolute path as written. `words`: argv, None where a word is not literal."""

    word: str
    words: tuple[str | None, ...]
    is_path: bool
    resolved: str | None
    places: tuple[str, ...]
    open: bool


class PathSubject(Struct, frozen=True, kw_only=True):
    """A path. `real` decides what is allowed; `chains` are real and written path, each followed by its
    ancestors, innermost first: a deny that hits any of them denies."""

    real: str
    chains: tuple[tuple[str, ...], ...]


class NameSubject(Struct, frozen=True, kw_only=True):
    """A variable, a host word, or an agent's tool. `assigned`: the text itself gives the variable a value."""

    name: str
    assigned: bool = False


class NetSubject(Struct, frozen=True, kw_only=True):
    """A connection. `flaw`: why the text names no host that can be checked; then `host` is ""."""

    host: str
    port: int | None
    address: Address | None
    flaw: str = ""


Subject = RunSubject | PathSubject | NameSubject | NetSubject


def subject_of(operation: Operation, request: ExecutionRequest, facts: PolicyFacts) -> Subject:
    """Returns the operation as its capability's rules see it."""
    match operation.capability:
        case Capability.RUN:
            return _run(operation, request)
        case Capability.READ | Capability.WRITE:
            cwd = directory_of(operation, request)
            return path_subject(operation.resource, operation.resolved, cwd, facts.home)
        case Capability.NET:
            return _net(operation.resource)
        case Capability.ENV:
            return NameSubject(name=operation.resource, assigned=sets_variable(operation))
        case Capability.HOST | Capability.TOOL:
            return NameSubject(name=operation.resource)


def sets_variable(operation: Operation) -> bool:
    """Whether the text itself gives a variable its value: such an operation has a place in the text."""
    return operation.capability is Capability.ENV and (operation.kind == "escape" or operation.span != (0, 0))


def place_is_known(operation: Operation) -> bool:
    """Whether a path means the place it was resolved to: not if it is relative and the text may have
    gone anywhere before. Then the sandbox decides, as for every path that no text names."""
    return operation.directory is not None


def directory_of(operation: Operation, request: ExecutionRequest) -> str:
    """Returns the absolute directory that the operation's relative path is taken from."""
    return posixpath.join(request.cwd, operation.directory or "")


def path_subject(written: str, resolved: str | None, cwd: str, home: str) -> PathSubject:
    """Returns a path's subject; without a resolved path the written one stands for it."""
    absolute = absolute_path(written, cwd, home)
    real = resolved or absolute
    chains = (chain(real),) if real == absolute else (chain(real), chain(absolute))
    return PathSubject(real=real, chains=chains)


def absolute_path(written: str, cwd: str, home: str) -> str:
    """Returns the path as written, made absolute and freed of `.` and `..`, symlinks untouched."""
    if written == "~" or written.startswith("~/"):
        written = home + written[1:]
    joined = posixpath.normpath(posixpath.join(cwd, written))
    return "/" + joined.lstrip("/")


def chain(path: str) -> tuple[str, ...]:
    """Returns a path and its ancestors, innermost first, without `/`."""
    found = []
    while path not in ("/", ""):
        found.append(path)
        path = posixpath.dirname(path)
    return tuple(found)


def _run(operation: Operation, request: ExecutionRequest) -> RunSubject:
    word = operation.resource
    is_path = "/" in word
    places = [operation.resolved] if operation.resolved else []
    if is_path and operation.kind not in ("dynamic", "unparseable"):
        places.append(absolute_path(word, directory_of(operation, request), ""))
    return RunSubject(
        word=word,
        words=operation.argv or (word,),
        is_path=is_path,
        resolved=operation.resolved,
        places=tuple(dict.fromkeys(places)),
        open=operation.kind in ("dynamic", "unparseable"),
    )


def _net(text: str) -> NetSubject:
    found = parse_endpoint(text)
    if isinstance(found, NotAHost):
        return NetSubject(host="", port=None, address=None, flaw=found.reason)
    assert isinstance(found, Endpoint)
    return NetSubject(host=found.host, port=found.port, address=address_of(found.host))
