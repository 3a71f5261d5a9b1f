"""What egress asks of the session: may a step reach this host, and where does each connection go on record.

The session's evaluator decides; nothing in this room does.
"""

from typing import Literal, Protocol

from msgspec import Struct


class Verdict(Struct, frozen=True, kw_only=True):
    """What is said to one host and port. `outcome` ask: a person has to be asked.

    `rule`: what decided, as shown to people. `private`: it opens private addresses of the name as well.
    `named`: it is about this very host, not about all hosts. `by_rule`: for a deny, that a rule says so and
    not the want of one; `final`: that no other rule lifts it. `flag` and `yaml`: what would allow it.
    `host`: the spelling of the host that it is about, if there are several.
    """

    outcome: Literal["allow", "ask", "deny"]
    rule: str = ""
    private: bool = False
    named: bool = False
    by_rule: bool = False
    final: bool = False
    host: str = ""
    flag: str = ""
    yaml: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """A connection that is over, or that was refused; or a name that was refused (`port` 0).

    `sent` and `received`: bytes from and to the step. `count`: that many of one kind, told as one.
    `address`: where it went, "" if it went nowhere.
    """

    host: str
    port: int
    allowed: bool
    rule: str = ""
    reason: str = ""
    address: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0
    duration_ns: int = 0
    count: int = 1
    flag: str = ""
    yaml: str = ""


class Gate(Protocol):
    """The session's part for one step. Hosts are normalised: names, or addresses in their one form."""

    def judge(self, host: str, port: int) -> Verdict:
        """Returns what rules and grants say now. Quick, and callable from any thread."""
        ...

    def ask(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        """Asks a person about the host, or about one of its addresses (`about`), and returns what is so then:
        allow or deny. Takes as long as it takes; callable from any thread."""
        ...

    def record(self, report: Report) -> None:
        """Puts it on record; returns when it is."""
        ...
