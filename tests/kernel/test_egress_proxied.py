"""Without namespaces: programs that know of proxies reach what policy allows, and no program anything else."""

import hashlib
import json
import os

import pytest

from tests.kernel.test_egress_attacks import ALLOWED, ATTACKS, WITH_A_SOCKET
from tests.support.internet import RUNDOWN, Done, Internet

pytestmark = pytest.mark.kernel

API = "api.example.net"
OTHER = "other.example.net"
PROXY_OF_A_COMPANY = "http://proxy.example.net:3128"
GAPS = {
    "sandbox/no-user-namespaces", "sandbox/modes-changeable", "sandbox/names-visible", "sandbox/no-pid-namespace",
    "sandbox/net-by-port", "sandbox/net-by-proxy", "sandbox/processes-visible", "sandbox/tmp-on-disk",
}  # fmt: skip
TRUST = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "NODE_EXTRA_CA_CERTS")


def _step(internet: Internet, script: str, allow: str = f"{API}:80,{API}:443", **env: str) -> Done:
    """Runs a script whose text nobody reads before, so that only its connections are judged."""
    internet.write("client.sh", script)
    trust = dict.fromkeys(TRUST, str(internet.authority))
    return internet.proxied_step("sh", "client.sh", allow=allow, env={**trust, **env})


def test_curl_reaches_what_is_allowed_and_is_told_of_what_is_not(internet: Internet):
    internet.publish("page", b"a page")
    get = "curl -sS -m 20 -w '|%{http_code}|%{http_connect}\\n'"
    done = _step(
        internet,
        f"{get} http://{API}/; {get} https://{API}/page; {get} http://evil.test/; {get} https://evil.test/",
    )
    plain, tunnel, refused, fix, *codes = done.out.splitlines()
    assert (plain, tunnel, codes) == ("good|200|000", "a page|200|200", ["|403|000", "|000|403"]), done.err
    assert refused == (
        "rundown does not let this step reach evil.test:80: no rule names it (a connection of a running step)"
    )
    assert fix.startswith("fix: --allow-net evil.test:80 ")
    assert "CONNECT tunnel failed, response 403" in done.err
    assert "fix: rundown exec --allow-net evil.test:443 -- sh client.sh" in done.err
    assert "evil.test" not in internet.asked()


def test_the_gap_is_named_and_strict_refuses(internet: Internet):
    done = _step(internet, "true")
    assert {line.split("[")[1].split("]")[0] for line in done.err.splitlines() if "warning[" in line} == GAPS
    strict = internet.proxied_step("true", allow=API, flags=("--sandbox-strict",))
    assert (strict.status, "user namespaces" in strict.err) == (4, True), strict.err
    doctor = internet.run(*internet.without_namespaces, str(RUNDOWN), "doctor")
    assert "sandbox/net-by-port" in doctor.out


def test_a_step_that_nothing_lets_connect_gets_no_socket(internet: Internet):
    make = "import socket\ntry: socket.socket(); print('made')\nexcept PermissionError: print('refused')"
    internet.write("make.py", make)
    closed = internet.proxied_step("python3", "make.py")
    assert (closed.out, "sandbox/no-sockets" in closed.err) == ("refused\n", True)
    assert internet.proxied_step("python3", "make.py", allow=API).out == "made\n"
    only_denied = internet.proxied_step("python3", "make.py", flags=("--deny-net", API))
    assert only_denied.out == "refused\n"


def test_python_and_its_tools_reach_what_is_allowed(internet: Internet):
    fetch = (
        "import sys, urllib.request as u\n"
        "print(u.urlopen(sys.argv[1], timeout=20).read())\n"
    )  # fmt: skip
    internet.write("fetch.py", fetch)
    done = _step(internet, f"python3 fetch.py http://{API}/; python3 fetch.py https://{OTHER}/")
    assert done.out == "b'good'\n"
    assert "403 Refused by rundown (--allow-net other.example.net:443)" in done.err


def test_git_over_https(internet: Internet):
    name = internet.publish_repository()
    script = f'git clone -q https://{API}/{name} "$TMPDIR/c" && git -C "$TMPDIR/c" log --format=%s'
    done = _step(internet, script)
    assert done.out == "first\n", done.err


def test_large_bodies_go_both_ways_whole(internet: Internet):
    content = os.urandom(1 << 20) * 12
    internet.publish("large", content)
    sums = "curl -sS -m 60 {}/large | sha256sum | cut -d' ' -f1"
    done = _step(internet, sums.format(f"https://{API}"))
    assert done.out.split() == [hashlib.sha256(content).hexdigest()], done.err


def test_the_persons_own_no_proxy_and_proxies_do_not_reach_in(internet: Internet):
    (internet.folder / "proxied.log").write_text("")
    own = {"http_proxy": PROXY_OF_A_COMPANY, "NO_PROXY": "*", "no_proxy": ".invalid"}
    done = _step(internet, f"curl -sS -m 20 http://{API}/; echo; env", **own)
    assert (done.out.splitlines()[0], "proxy.example.net" in done.out) == ("good", False), done.err
    assert (internet.folder / "proxied.log").read_text() == f"CONNECT {API}:80 HTTP/1.1\n"
    assert {"NO_PROXY=", "no_proxy="} <= set(done.out.splitlines())


def test_the_login_is_shown_to_nobody(internet: Internet):
    internet.write(
        "tell.py", 'import os; print(os.environ["http_proxy"]); print(os.environ["ALL_PROXY"][::-1])'
    )
    internet.write(
        "t.runbook.md",
        "# T\n\n## 1. S\n\n```sh\npython3 tell.py; env; curl -sv http://api.example.net/\n```\n",
    )
    words = ("run", "t.runbook.md", "--non-interactive", "--allow-net", API, "--allow-run", "curl")
    runs = internet.folder / f"runs-{internet.identity}"
    done = internet.run(*internet.without_namespaces, str(RUNDOWN), *words, "--runs-dir", str(runs))
    backwards = next(line for line in done.out.splitlines() if line.endswith("//:ptth"))
    login = backwards[::-1].split("//rundown:")[1].split("@")[0]
    assert (len(login), login in done.out + done.err) == (32, False)
    stored = [path for path in runs.rglob("*") if path.is_file()]
    assert stored and not [path for path in stored if login.encode() in path.read_bytes()]
    assert "[REDACTED:proxy login of 1]" in done.out


def test_each_connection_is_on_record(internet: Internet):
    script = f"curl -sS http://{API}/ http://{API}/; curl -sS https://{API}/x -o /dev/null; curl -s http://evil.test"
    internet.write("c.sh", script)
    internet.write("r.runbook.md", "# T\n\n## 1. S\n\n```sh\nsh c.sh\n```\n")
    runs = internet.folder / f"record-{internet.identity}"
    words = ("run", "r.runbook.md", "--non-interactive", "--allow-net", API, "--runs-dir", str(runs))
    trust = {"CURL_CA_BUNDLE": str(internet.authority)}
    done = internet.run(*internet.without_namespaces, str(RUNDOWN), *words, env=trust)
    log = internet.run(str(RUNDOWN), "log", "--runs-dir", str(runs), "--format", "json").out
    bodies = [json.loads(line)["body"] for line in log.splitlines()]
    told = [body for body in bodies if body["type"].startswith("Egress")]
    places = {
        (body["type"], body["host"], body["port"], body.get("address", ""), body.get("problem", ""))
        for body in told
    }
    assert places == {
        ("EgressAllowed", API, 80, "93.184.216.34", ""),
        ("EgressAllowed", API, 443, "93.184.216.34", ""),
        ("EgressBlocked", "evil.test", 80, "", ""),
    }
    plain = [body for body in told if body["port"] == 80 and body["host"] == API]
    assert sum(body.get("count", 1) for body in plain) == 2
    assert all(body["sent_bytes"] > 50 and body["received_bytes"] > 50 for body in plain)
    assert f"{API}:443  allowed" in done.out and "evil.test:80" in done.out, done.out


def _tried(internet: Internet, *words: str) -> dict[str, str]:
    flags = f"--non-interactive --allow-net '{ALLOWED}' --allow-read {ATTACKS}"
    start = " ".join(internet.without_namespaces)
    attacks = f"/usr/bin/python3 {ATTACKS} {internet.folder} {' '.join(words)}"
    ran = internet.run(
        "bash", "-c", f"{WITH_A_SOCKET}{start} {RUNDOWN} exec {flags} -- {attacks}", patience_s=150
    )
    found: dict[str, str] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("words", [(), ("--by-proxy",)], ids=["past-the-proxy", "by-the-proxy"])
def test_no_attempt_works(internet: Internet, words):
    log = internet.folder / "asked.log"
    log.write_text("")
    inside = _tried(internet, *words)
    assert len(inside) >= (130 if words else 80)
    assert {name for name, outcome in inside.items() if outcome == "REACHED"} == set()
    assert {name for name in log.read_text().split() if not name.endswith(".example.net")} == set()


def test_the_attempts_are_such_that_they_work_without_rundown(internet: Internet):
    attacks = ("/usr/bin/python3", str(ATTACKS), str(internet.folder), "--by-proxy")
    ran = internet.run(*attacks, env={"http_proxy": PROXY_OF_A_COMPANY}, patience_s=150)
    worked = {name for name, outcome in json.loads(ran.out).items() if outcome == "REACHED"}
    assert {
        *("proxy_pair_to_path", "proxy_server_of_its_own", "proxy_server_without_bind", "proxy_connect_evil"),
        *("proxy_fast_open_by_message", "proxy_fast_open_by_option", "proxy_other_ports_of_loopback"),
        *(
            "proxy_login_other",
            "proxy_login_missing",
            "evil_name",
            "host_mismatch",
            "sni_other",
            "path_socket",
        ),
    } <= worked


def test_a_program_that_knows_no_proxies_fails_with_an_honest_reason(internet: Internet):
    done = _step(internet, f"curl -sS -m 20 --noproxy '*' http://{API}/")
    assert (done.status, done.out) == (6, "")
    assert "only programs that know of proxies (HTTPS_PROXY) reach what rules allow" in done.err
    internet.write("client.sh", f"curl -sS -m 20 http://{API}/")
    closed = internet.proxied_step("sh", "client.sh")
    assert (closed.out, "no rule lets this one reach anything" in closed.err) == ("", True), closed.err
    assert "--allow-net HOST" in closed.err
