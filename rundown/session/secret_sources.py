"""Where the values of secrets come from: a variable, a file, a keyring, a command. Read when they are needed.

Refuses what is no secret of a step: rundown's own key and records. What cannot be had is a `Diagnostic`
that never holds a value; nothing is guessed and there is no second source.
"""

import os
import stat
import subprocess
from pathlib import Path

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic
from rundown.policy.paths import covers
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.policy.release import SecretRule
from rundown.policy.units import split_command
from rundown.session.surroundings import Surroundings

_MOST_BYTES = 64 * 1024
_PATIENCE_S = 60


class Sources(Struct, frozen=True, kw_only=True):
    """What sources are taken from. `root`: where relative paths of files begin; `off_limits`: paths that no
    step may see."""

    around: Surroundings
    root: str
    off_limits: tuple[str, ...] = ()

    def read(self, rule: SecretRule) -> str | Diagnostic:
        """Returns the value, without line ends at its end, or why it cannot be had."""
        form, _, rest = rule.source.partition(":")
        match form:
            case "env":
                found = self._variable(rest)
            case "file":
                found = self._file(rest)
            case "keyring":
                found = _keyring(rest)
            case _:
                found = self._command(rest)
        if isinstance(found, _Missing):
            return Diagnostic(
                code="session/secret-missing",
                message=f"the secret {rule.name} cannot be had from {rule.source}",
                why=found.why,
                fix=found.fix,
            )
        return found

    def _variable(self, name: str) -> "str | _Missing":
        value = self.around.environ.get(name, "")
        if not value or name == SIGNING_KEY_VARIABLE:
            return _Missing(f"the variable {name} is not set, or empty", f"{name}=… rundown …")
        return value

    def _file(self, text: str) -> "str | _Missing":
        path = os.path.join(self.root, _homed(text, self.around.home))
        real = os.path.realpath(path)
        if any(covers(place, real) or covers(place, path) for place in self.off_limits):
            return _Missing(f"{path} is rundown's own, and never reaches a step", "name another file")
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as stream:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    return _Missing(f"{path} is no plain file", "name a file that holds the value")
                content = stream.read(_MOST_BYTES + 1)
        except OSError as error:
            return _Missing(f"{path}: {os.strerror(error.errno or 0)}", "put the file there")
        return _text(content, path)

    def _command(self, text: str) -> "str | _Missing":
        """No shell reads it. What it says on standard error goes to the person, who may be asked to unlock
        something; its input is closed."""
        words = split_command(text)
        try:
            ran = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                cwd=self.around.home,
                env=dict(self.around.environ),
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _Missing(f"`{words[0]}` did not end within {_PATIENCE_S} s", "run it by hand")
        except OSError as error:
            return _Missing(f"`{words[0]}`: {os.strerror(error.errno or 0)}", "install it, or mend the name")
        if ran.returncode != 0:
            return _Missing(f"`{words[0]}` ended with status {ran.returncode}", "run it by hand")
        return _text(ran.stdout, f"`{words[0]}`")


class _Missing(Struct, frozen=True):
    why: str
    fix: str


def _homed(text: str, home: Path) -> str:
    return f"{home}{text[1:]}" if text == "~" or text.startswith("~/") else text


def _text(content: bytes, origin: str) -> str | _Missing:
    """A value may become a variable: no NUL. Bytes that are no UTF-8 stay what they are."""
    value = content.rstrip(b"\r\n")
    if not value:
        return _Missing(f"{origin} holds nothing", "write the value there")
    if len(content) > _MOST_BYTES or b"\0" in value:
        return _Missing(f"{origin} is longer than {_MOST_BYTES} bytes, or holds a NUL", "name another source")
    return os.fsdecode(value)


def _keyring(text: str) -> str | _Missing:
    service, _, user = text.partition("/")
    try:
        import keyring
    except ImportError:
        return _Missing("the library `keyring` is not installed", "pip install 'rundown-cli[keyring]'")
    try:
        value = keyring.get_password(service, user)
    except Exception as problem:  # each backend has errors of its own
        return _Missing(f"the keyring refused: {type(problem).__name__}", "unlock it, then go on")
    if not value:
        fix = f"keyring set {service} {user}"
        return _Missing(f"the keyring holds nothing for {user} of {service}", fix)
    return str(value)
