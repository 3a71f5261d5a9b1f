"""A policy document out of a git object: `git:REF:PATH`. The work tree has no part in it, and nothing is run.

So a pull request cannot loosen what restrains it: its job names a ref that the pull request does not move.
"""

import subprocess
from collections.abc import Mapping

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic

PREFIX = "git:"
_SECONDS = 30
_MOST_BYTES = 4 * 1024 * 1024
# No configuration but the repository's own, no hook, no transport (a partial clone would fetch), no pager.
# Source: git(1), environment variables; git-cat-file(1).
_QUIET = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}


def read_git_document(name: str, root: str, environ: Mapping[str, str]) -> bytes:
    """Returns the bytes of `git:REF:PATH`, a path below the repository's top.

    Raises:
        InvalidInputError: the name is no such thing, or there is no such blob.
    """
    ref, colon, path = name.removeprefix(PREFIX).partition(":")
    if not ref or not colon or not path or ref.startswith("-") or path.startswith(("/", "../")):
        raise InvalidInputError(
            _problem(name, "it is not of the form git:REF:PATH", "git:origin/main:ci.yaml")
        )
    # A CI job's checkout is often another user's. Reading an object runs nothing, whoever wrote it.
    settings = ("-c", "core.fsmonitor=false", "-c", "safe.directory=*")
    command = ["git", "-C", root, *settings, "cat-file", "blob", f"{ref}:{path}"]
    environment = {"PATH": environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", **_QUIET}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InvalidInputError(_problem(name, f"git could not be asked: {error}", "install git")) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InvalidInputError(
            _problem(
                name, said[-1] if said else "git knows no such blob", "fetch the ref first, or mend the path"
            )
        )
    if len(done.stdout) > _MOST_BYTES:
        raise InvalidInputError(_problem(name, "it is larger than 4 MiB", "name a policy document"))
    return done.stdout


def _problem(name: str, why: str, fix: str) -> Diagnostic:
    return Diagnostic(code="session/no-git-document", message=f"cannot read policy {name}", why=why, fix=fix)
