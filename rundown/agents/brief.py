"""What an agent is told: the task, what the project says to agents, what went wrong before, how to end."""

from msgspec import Struct

_VERDICT = """When you are done, end your last message with a line of its own:
RESULT: PASS
or, if the task is not done:
RESULT: FAIL <why, in one sentence>
A call that is refused by policy is not a failure by itself: do not work around it; do the task another way, \
or end with RESULT: FAIL."""


class Brief(Struct, frozen=True, kw_only=True):
    """`instructions`: name and text of each of the project's files for agents. `failure`: the end of what the
    attempt before printed. `outputs`: names of the values that the step hands on. `wants_object`: its
    answer is one JSON object."""

    task: str
    instructions: tuple[tuple[str, str], ...] = ()
    failure: str = ""
    outputs: tuple[str, ...] = ()
    wants_object: bool = False

    def text(self) -> str:
        """Returns the whole message. What comes from files and outputs stands apart, and is named as such."""
        parts = [self.task.strip()]
        for name, text in self.instructions:
            parts.append(_apart(f"The project's {name}", text))
        if self.failure:
            parts.append(_apart("It failed before. The end of what was printed then", self.failure))
        if self.outputs or self.wants_object:
            parts.append(self._object())
        parts.append(_VERDICT)
        return "\n\n".join(parts) + "\n"

    def _object(self) -> str:
        place = "into your last message, in a block fenced as json, before the RESULT line."
        names = ", ".join(self.outputs)
        if not self.wants_object:
            return f"Hand on these values: {names}. Put one JSON object with exactly these keys {place}"
        keys = f" Among its keys must be: {names}." if names else ""
        return f"Give your answer as one JSON object: put it {place}{keys}"


def _apart(title: str, text: str) -> str:
    fence = "~~~~"
    while fence in text:
        fence += "~"
    return f"{title}:\n{fence}\n{text.strip()}\n{fence}"
