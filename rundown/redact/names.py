"""Which variables hold secrets, by name."""

from collections.abc import Iterable, Mapping

_ENDINGS = ("_TOKEN", "_KEY", "_SECRET", "_PASSWORD", "_CREDENTIAL")


def is_secret_name(name: str) -> bool:
    """Returns whether a variable of that name is taken to hold a secret."""
    return name.endswith(_ENDINGS)


def secret_values(variables: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, str]:
    """Returns the variables to be redacted: secret by name, or named in `declared`; without empty ones."""
    wanted = set(declared)
    return {
        name: value for name, value in variables.items() if value and (is_secret_name(name) or name in wanted)
    }
