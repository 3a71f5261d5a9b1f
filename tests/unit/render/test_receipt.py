"""What is said of a receipt that holds."""

from msgspec.structs import replace

from rundown.model.receipt import LogHead, Predicate, Runner
from rundown.render.receipt import render_receipt
from rundown.render.style import Style

PREDICATE = Predicate(
    run_id="r",
    parent_run=None,
    contract="sha256:1",
    policy="sha256:2",
    runner=Runner(
        rundown="1.0",
        kernel="6.1",
        machine="x86_64",
        uid=1000,
        isolation="default",
        landlock_abi=4,
        seccomp=True,
        namespaces=True,
        cgroup="v2",
    ),
    started_at="2026-09-21T14:13:20.000000Z",
    ended_at="2026-09-21T14:14:20.000000Z",
    status="stopped",
    exit_class="failed",
    message="no \x1b[31mwheel",
    log=LogHead(count=7, hash="sha256:3"),
    steps=({"position": "1"},),
    decisions={},
    asks=(),
    denials=(),
    gaps=(),
    secrets=(),
    network=(),
    agents=(),
    changes=(),
    violations=(),
    disclosures=("software-key", "changes-unseen /p/dist", "of-a-later-version"),
)


def test_what_holds_is_told_with_what_must_be_known_and_nothing_a_terminal_obeys() -> None:
    told = render_receipt(PREDICATE, Style(), signed_by="abc", log_checked=True, files_checked=True)
    assert told == (
        "✓ the receipt holds\n"
        "  run        r\n"
        "  status     stopped (failed): no \\x1b[31mwheel\n"
        "  time       2026-09-21 14:13:20 to 2026-09-21 14:14:20 UTC\n"
        "  runner     rundown 1.0 on Linux 6.1 x86_64\n"
        "  sandbox    default\n"
        "  steps      1, 0 files changed\n"
        "  signed by  abc\n"
        "  log        7 events\n"
        "  output     all as they were written\n"
        "  note       software-key: the key lies on the machine that ran the steps: who controls it controls the receipt\n"
        "  note       changes-unseen /p/dist: what changed there was not looked at\n"
        "  note       of-a-later-version: see docs/receipts.md\n"
    )


def test_what_was_not_checked_is_told() -> None:
    plain = replace(PREDICATE, disclosures=())
    told = render_receipt(plain, Style(), signed_by="abc", log_checked=False, files_checked=False)
    assert told.splitlines()[-2:] == [
        "  log        not looked at: --log FILE does",
        "  output     not looked at: they are not beside the log",
    ]
