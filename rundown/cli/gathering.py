"""Options that several commands share, handed to each as one value."""

from collections.abc import Callable, Sequence
from typing import Any

Command = Callable[..., Any]


def gather_options(
    command: Command,
    options: Sequence[Callable[[Command], Command]],
    name: str,
    gather: Callable[[dict[str, Any]], object],
) -> Command:
    """Returns `command` with these options, in this order, before its own. It takes them as one parameter
    `name`: what `gather` makes of click's words, out of which it takes those of the options."""

    def gathered(**words: Any) -> Any:
        value = gather(words)
        return command(**{name: value}, **words)

    gathered.__name__, gathered.__doc__ = command.__name__, command.__doc__
    gathered.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    decorated: Command = gathered
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
