"""Files and hosts that words name: targets of redirections, operands of the programs that copy and make files.

Source: bash(1) REDIRECTION (`/dev/tcp/HOST/PORT`); cp(1), mv(1), ln(1), tee(1), touch(1), mkdir(1).
"""

import re
from collections.abc import Sequence

from rundown.model.request import Capability
from rundown.shell.ledger import Ledger
from rundown.shell.options import grammar, read_options
from rundown.shell.tree import Redirection, Word

_NETWORK = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/([^/]+)")
_STREAMS = re.compile(r"/dev/(?:null|stdin|stdout|stderr|fd/.*)|-|[0-9]+-?")
_WRITES = frozenset([">", ">>", ">|", "&>", "&>>", ">&", "<>"])
_READS = frozenset(["<", "<>"])

_PROGRAMS = {
    "cp": (
        "abdfiHlLnPprRsS:t:TuvxZ",
        "target-directory= suffix= recursive archive force verbose update no-clobber parents "
        "backup== preserve== no-preserve= reflink== sparse= link symbolic-link interactive dereference no-dereference "
        "no-target-directory strip-trailing-slashes one-file-system remove-destination attributes-only context==",
    ),
    "mv": (
        "bfinS:t:TuvZ",
        "target-directory= suffix= force verbose update no-clobber backup== interactive "
        "no-target-directory strip-trailing-slashes context",
    ),
    "ln": (
        "bdfFiLnPrsS:t:Tv",
        "target-directory= suffix= force verbose symbolic backup== relative no-dereference "
        "interactive logical physical no-target-directory directory",
    ),
    "tee": ("aip", "append ignore-interrupts output-error=="),
    "touch": ("acd:fhmr:t:", "date= no-create reference= time= no-dereference"),
    "mkdir": ("m:pvZ", "mode= parents verbose context=="),
}


def redirected(ledger: Ledger, redirection: Redirection) -> None:
    """Notes the file or host that a redirection opens, if its target is literal."""
    target = redirection.target
    path = target.value
    if not path or redirection.operator in ("<<", "<<-", "<<<", "<&") or _STREAMS.fullmatch(path):
        return
    network = _NETWORK.fullmatch(path)
    if network is not None:
        host = f"{network.group(1)}:{network.group(2)}"
        ledger.touch(Capability.NET, host, target, "the shell connects by itself")
        return
    if redirection.operator in _WRITES:
        ledger.touch(Capability.WRITE, path, target, "redirection")
    if redirection.operator in _READS:
        ledger.touch(Capability.READ, path, target, "redirection")


def operands(ledger: Ledger, name: str, words: Sequence[Word]) -> None:
    """Notes the literal files that `cp mv ln tee touch mkdir` read and write."""
    rules = _PROGRAMS.get(name)
    if rules is None:
        return
    found, directory = _permuted(words, rules)
    for index, word in enumerate(found):
        if not word.value or word.value == "-":
            continue
        source = name in ("cp", "mv", "ln") and (
            directory is not None or index < len(found) - 1 or len(found) == 1
        )
        written = not source or name == "mv" or (name == "ln" and len(found) == 1)
        if source and name in ("cp", "mv"):
            ledger.touch(Capability.READ, word.value, word, f"operand of {name}")
        if written:
            ledger.touch(Capability.WRITE, word.value, word, f"operand of {name}")
    if directory is not None and directory.value:
        ledger.touch(Capability.WRITE, directory.value, directory, f"operand of {name}")


def _permuted(words: Sequence[Word], rules: tuple[str, str]) -> tuple[list[Word], Word | None]:
    """Operands wherever they stand, and the directory of `-t`."""
    found: list[Word] = []
    directory: Word | None = None
    start = 1
    while start < len(words):
        line = read_options(words, grammar(*rules), start)
        for option in line.options:
            if option.name in ("t", "target-directory") and option.value is not None and rules[0].count("t:"):
                directory = option.value
        if line.first > start and words[line.first - 1].value == "--":
            return found + list(words[line.first :]), directory
        if line.first < len(words):
            found.append(words[line.first])
        start = line.first + 1
    return found, directory
