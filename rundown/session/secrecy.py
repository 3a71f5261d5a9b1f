"""What counts as secret before a run begins, and how what was foreseen is told without it.

A run knows more as it goes on (`House.keep_secret`); what is said without one goes by the desk alone.
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from rundown.model.policy import Ruling
from rundown.policy.release import secret_rules
from rundown.record.stored import redact_body
from rundown.redact.names import secret_values
from rundown.redact.redactor import Redactor
from rundown.session.desk import Desk
from rundown.session.run import Start
from rundown.session.values import Values

Redact = Callable[[str], str]


def known_secrets(desk: Desk) -> dict[str, str]:
    """Returns values by name: of variables that are secret by their names, or by what the documents say,
    whoever they are released to."""
    rules = secret_rules(desk.loaded.decoded)
    declared = (rule.source.removeprefix("env:") for rule in rules if rule.source.startswith("env:"))
    return secret_values(desk.around.environ, declared)


def redactor_of(desk: Desk, start: Start) -> Redactor:
    """Returns what takes out all that is secret before a run begins, its secret inputs too."""
    return Redactor({**known_secrets(desk), **dict(secret_texts(start.secret_values))})


def secret_texts(values: Values) -> Iterator[tuple[str, str]]:
    """Yields every text and number in secret values, by a name of its own."""
    for name, value in values.items():
        yield from _texts(name, value)


def discreet_ruling(ruling: Ruling, redact: Redact) -> Ruling:
    """Returns a ruling without a fix that would spell a secret: with the secret taken out it would say
    something else."""
    if ruling.fix is None or redact_body(ruling.fix, redact) == ruling.fix:
        return ruling
    return replace(ruling, fix=None, why="a secret stands in it")


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(f"{name}.{key}", item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(f"{name}.{place}", item)
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)
