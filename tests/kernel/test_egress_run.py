"""A run whose steps connect: what it shows, what it puts on record, and that the record verifies."""

import json

import pytest

from tests.support.internet import RUNDOWN, Internet

pytestmark = pytest.mark.kernel

BOOK = """# Fetch

## 1. What is allowed
- PASS CONTINUE
- FAIL STOP

```bash
python3 -c 'import urllib.request as u; print(u.urlopen("http://" + "api.example.net").read())'
```

## 2. What is not
- PASS COMPLETE
- FAIL STOP

```bash
python3 -c 'import socket; socket.create_connection(("evil" + ".test", 80))' || true
python3 -c 'import socket; socket.create_connection(("93.184." + "216.66", 80)).recv(1)' || true
```
"""


@pytest.fixture(scope="module")
def ran(internet: Internet):
    internet.write("fetch.runbook.md", BOOK)
    runs = internet.folder / "runs"
    flags = ("--non-interactive", "--allow-net", "api.example.net:80", "--runs-dir", str(runs))
    done = internet.run(str(RUNDOWN), "run", "fetch.runbook.md", *flags)
    log = internet.run(str(RUNDOWN), "log", "--runs-dir", str(runs), "--format", "json")
    yield internet, done, [json.loads(line)["body"] for line in log.out.splitlines()]


def test_each_connection_is_on_record_and_in_the_table(ran):
    _, done, bodies = ran
    (allowed,) = (body for body in bodies if body["type"] == "EgressAllowed")
    assert (allowed["position"], allowed["host"], allowed["port"], allowed["address"], allowed["rule"]) == (
        "1", "api.example.net", 80, "93.184.216.34", "--allow-net api.example.net:80",
    )  # fmt: skip
    assert allowed["sent_bytes"] > 50 and allowed["received_bytes"] > 50
    assert "api.example.net:80  allowed" in done.out


def test_what_was_refused_is_shown_with_the_flag_that_allows_it(ran):
    _, done, bodies = ran
    blocked = [
        (body["host"], body["port"], body["flag"]) for body in bodies if body["type"] == "EgressBlocked"
    ]
    assert ("evil.test", 0, "--allow-net evil.test") in blocked
    assert "evil.test was not looked up: no rule names it" in done.out
    assert "(--allow-net evil.test)" in done.out


def test_the_audit_has_a_line_for_each(ran):
    internet, _, _ = ran
    runs = str(internet.folder / "runs")
    lines = internet.run(str(RUNDOWN), "log", "--runs-dir", runs, "--format", "audit").out.splitlines()
    found = [line.split("|")[2:5] for line in lines if "|connection|" in line]
    assert ["connection", "api.example.net:80", "allow"] in found
    assert ["connection", "evil.test:0", "deny"] in found


def test_the_receipt_lists_every_place_and_verifies(ran):
    internet, done, _ = ran
    receipt = next(line.split(": ", 1)[1] for line in done.out.splitlines() if line.startswith("receipt:"))
    key = internet.folder / "key.pub"
    key.write_text(internet.run(str(RUNDOWN), "keys", "export").out)
    verified = internet.run(str(RUNDOWN), "verify", receipt, "--key", str(key))
    assert verified.status == 0, verified.err
