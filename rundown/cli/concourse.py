"""`rundown concourse check|in|out`: a Concourse resource whose versions are results of runs.

JSON on standard input and output, all else on standard error, and 1 for whatever goes wrong: that is
Concourse's contract. `in` runs nothing. Source: Concourse's documentation, "Implementing a resource type".
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from msgspec import Struct

from rundown.cli.resource import Params, Source, Version, run_resource, store_folder
from rundown.cli.runner_streams import runner_safe_json
from rundown.cli.screen import tell
from rundown.errors import InvalidInputError, RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import canonical_json
from rundown.record.results import ResultStore, Stored, is_ref, pack, unpack, write_result
from rundown.render.escape import visible

_MOST_BYTES = 8 * 1024 * 1024
_EPILOG = """\b
Examples:
  echo '{"source": {"runbook": "health.runbook.md"}, "version": null}' | rundown concourse check
  rundown concourse out inputs < request.json

Exit code: 0, or 1 for whatever went wrong.
"""
Request = TypeVar("Request", bound=Struct)


class CheckRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `check` reads; `version` None the first time."""

    source: Source
    version: Version | None = None


class InRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `in` reads; it takes no parameters."""

    source: Source
    version: Version
    params: dict[str, object] | None = None


class OutRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `out` reads."""

    source: Source
    params: Params | None = None


@click.group("concourse", epilog=_EPILOG)
def command() -> None:
    """Answer Concourse as a resource: the same as /opt/resource/check, in and out."""


@command.command("check")
def check() -> int:
    """Run the source's runbook; print the version of its result, the old one first if it is new."""

    def answer() -> object:
        request = _read(CheckRequest)
        stored = run_resource(request.source, Params(), None)
        version = _keep(request.source, stored)
        known = request.version
        return [version] if known is None or known.ref == version.ref else [known, version]

    return _answered(answer)


@command.command("in")
@click.argument("folder", metavar="DIR", required=False)
def fetched(folder: str | None) -> int:
    """Write a version's payload.json and response.txt into DIR. Runs nothing."""

    def answer() -> object:
        target = _directory(folder)
        request = _read(InRequest)
        stored = _find(request.source, request.version)
        try:
            write_result(target, stored)
        except OSError as error:
            raise _problem("not-written", f"cannot write into {target}", error.strerror or "") from error
        return {"version": request.version, "metadata": _metadata(stored)}

    return _answered(answer)


@command.command("out")
@click.argument("folder", metavar="DIR", required=False)
def put(folder: str | None) -> int:
    """Run what the parameters say with DIR as the project; print the version of its result."""

    def answer() -> object:
        project = _directory(folder)
        request = _read(OutRequest)
        stored = run_resource(request.source, request.params or Params(), project)
        return {"version": _keep(request.source, stored), "metadata": _metadata(stored)}

    return _answered(answer)


def _answered(answer: Callable[[], object]) -> int:
    try:
        content = canonical_json(answer())
        sys.stdout.write(runner_safe_json(content).decode() + "\n")
        sys.stdout.flush()
    except RundownError as problem:
        tell(*problem.diagnostics)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 1
    return 0


def _read(kind: type[Request]) -> Request:
    content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    try:
        if len(content) > _MOST_BYTES:
            raise msgspec.ValidationError("it is larger than 8 MiB")
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _problem("bad-request", "the request on standard input is not valid", str(error)) from error


def _directory(folder: str | None) -> Path:
    if folder is None:
        raise _problem("no-directory", "Concourse names a directory as the first argument", "there is none")
    path = Path(folder).absolute()
    if not path.is_dir():
        raise _problem("no-directory", f"{folder} is no directory", "Concourse makes it beforehand")
    return path


def _keep(source: Source, stored: Stored) -> Version:
    ResultStore(store_folder(source) / "results").keep(stored)
    return Version(ref=stored.result.ref, result=pack(stored) if source.carry else None)


def _find(source: Source, version: Version) -> Stored:
    if not is_ref(version.ref):
        raise _problem("bad-version", "the version's `ref` is no digest", "it is sha256: and 64 hex digits")
    found = ResultStore(store_folder(source) / "results").find(version.ref)
    if found is None and version.result is not None:
        found = unpack(version.result, version.ref)
    if found is None:
        raise _problem(
            "no-such-result",
            f"{version.ref} is not stored here",
            f"nothing whole of that name lies in {store_folder(source)}, and nothing is run again for it",
            "`store:` a folder that check, in and out share, or `carry: true` in the source",
        )
    return found


def _metadata(stored: Stored) -> list[dict[str, str]]:
    """Names and values that Concourse shows beside a version."""
    result = stored.result
    outputs = [(name, text) for name, text in sorted(result.outputs.items())]
    rows = [
        ("runbook", result.runbook),
        ("status", result.status),
        ("message", result.message),
        ("steps", str(len(result.steps))),
        ("run", result.run_id),
        *outputs,
    ]
    return [{"name": name, "value": visible(value)} for name, value in rows if value]


def _problem(code: str, message: str, why: str, fix: str = "") -> InvalidInputError:
    return InvalidInputError(Diagnostic(code=f"concourse/{code}", message=message, why=why, fix=fix))
