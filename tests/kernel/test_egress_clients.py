"""Programs as they are reach what policy allows by name, and nothing else."""

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.internet import Done, Internet

pytestmark = pytest.mark.kernel

API = "api.example.net"
HTTPS = f"{API}:443"


def _need(program: str) -> None:
    if shutil.which(program, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin") is None:
        pytest.skip(f"{program} is not installed; it would be one more client")


def _run(internet: Internet, script: str, allow: str, *flags: str) -> Done:
    """Runs a script whose text nobody reads before, so that only its connections are judged."""
    names = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
    file = internet.project / "client.sh"
    file.write_text(script)
    env = dict.fromkeys(names, str(internet.authority))
    return internet.step("sh", "client.sh", allow=allow, flags=flags, env=env)


def _reaches(internet: Internet, script: str, allow: str, *flags: str) -> str:
    """Returns what the script prints where the host is allowed; it fails where another one is instead."""
    refused = _run(internet, script, "unrelated.example.org:443", *flags)
    assert refused.status != 0, refused.out
    done = _run(internet, script, allow, *flags)
    assert done.status == 0, done.err
    return done.out.strip()


def test_curl_over_http_and_https(internet: Internet):
    internet.publish("page", b"a page\n")
    assert _reaches(internet, f"curl -sS -m 10 http://{API}/", f"{API}:80") == "good"
    assert _reaches(internet, f"curl -sS -m 10 https://{API}/page", HTTPS) == "a page"


def test_large_answers_arrive_whole(internet: Internet):
    content = os.urandom(1 << 20) * 24
    internet.publish("large", content)
    found = _run(internet, f"curl -sS -m 60 https://{API}/large | sha256sum", HTTPS).out.split()[0]
    assert found == hashlib.sha256(content).hexdigest()


def test_git_over_https(internet: Internet):
    name = internet.publish_repository()
    script = f"git clone -q https://{API}/{name} /tmp/clone && git -C /tmp/clone log --format=%s"
    assert _reaches(internet, script, HTTPS) == "first"


def test_pip_from_an_index(internet: Internet):
    name = "parcel-1.0-py3-none-any.whl"
    wheel = internet.folder / name
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("parcel.py", "VALUE = 42\n")
        file.writestr("parcel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n")
        file.writestr(
            "parcel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("parcel-1.0.dist-info/RECORD", "")
    internet.publish(f"simple/parcel/{name}", wheel.read_bytes())
    internet.publish("simple/parcel/index.html", f'<a href="{name}">{name}</a>'.encode())
    if internet.run("python3", "-m", "pip", "--version").status:
        pytest.skip("pip is not installed; it would be one more client")
    pip = f"python3 -m pip install -q --no-cache-dir --retries 0 --index-url https://{API}/simple --target /tmp/in parcel"
    script = f"{pip} && PYTHONPATH=/tmp/in python3 -c 'import parcel; print(parcel.VALUE)'"
    assert _reaches(internet, script, HTTPS).endswith("42")


def test_npm_from_a_registry(internet: Internet):
    _need("npm")
    package = internet.folder / "package"
    package.mkdir(exist_ok=True)
    (package / "package.json").write_text('{"name": "parcel", "version": "1.0.0", "main": "i.js"}')
    (package / "i.js").write_text("module.exports = 42\n")
    archive = internet.folder / "parcel-1.0.0.tgz"
    subprocess.run(["tar", "-C", str(internet.folder), "-czf", str(archive), "package"], check=True)
    link = f"https://{API}/parcel/-/parcel-1.0.0.tgz"
    version = {"name": "parcel", "version": "1.0.0", "dist": {"tarball": link}}
    meta = {"name": "parcel", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    internet.publish("parcel/-/parcel-1.0.0.tgz", archive.read_bytes())
    internet.publish("parcel/index.html", json.dumps(meta).encode())
    npm = (
        f"npm install --silent --no-audit --fetch-retries=0 --registry https://{API}/ --prefix /tmp/n parcel"
    )
    script = f"mkdir -p /tmp/n; {npm} && node -p 'require(\"/tmp/n/node_modules/parcel\")'"
    assert _reaches(internet, script, HTTPS).endswith("42")


def test_node_with_its_own_resolver_calls(internet: Internet):
    _need("node")
    internet.publish("page", b"a page\n")
    script = f"""node -e '
const dns = require("dns"), https = require("https");
dns.resolve4("{API}", (error, found) => {{
  if (error) process.exit(1);
  https.get("https://{API}/page", answer => answer.pipe(process.stdout));
}});'"""
    assert _reaches(internet, script, HTTPS) == "a page"


def test_python_with_and_without_address_configuration(internet: Internet):
    script = f"""python3 -c '
import socket
for flags in (0, socket.AI_ADDRCONFIG, socket.AI_V4MAPPED | socket.AI_ADDRCONFIG):
    found = socket.getaddrinfo("{API}", 80, type=socket.SOCK_STREAM, flags=flags)
    connection = socket.create_connection(found[0][4][:2], timeout=60)
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: {API}\\r\\n\\r\\n")
    print(connection.recv(4096)[-4:].decode(), end=" ")
'"""
    assert _reaches(internet, script, f"{API}:80") == "good good good"


def test_dig_over_both_transports(internet: Internet):
    _need("dig")
    script = (
        f"dig +short {API}; dig +short +tcp {API}; dig +short AAAA {API}; dig evil.test | grep -o NXDOMAIN"
    )
    first, second, third = _run(internet, script, HTTPS).out.split()
    assert (first == second, first.startswith("198.18."), third) == (True, True, "NXDOMAIN")


def test_a_program_of_another_c_library(internet: Internet):
    found = next(Path("/usr/bin").glob("*musl-gcc"), None)
    if found is None:
        pytest.skip("musl-gcc is not installed; its resolver would be one more client")
    source = internet.folder / "look.c"
    source.write_text(
        "#include <netdb.h>\n#include <stdio.h>\n#include <arpa/inet.h>\n#include <string.h>\n"
        "int main(int n, char **v) { struct addrinfo *a, h; memset(&h, 0, sizeof h); h.ai_flags = AI_ADDRCONFIG;"
        " int e = getaddrinfo(v[1], 0, &h, &a); if (e) { puts(gai_strerror(e)); return 1; }"
        " puts(inet_ntoa(((struct sockaddr_in *)a->ai_addr)->sin_addr)); return 0; }\n"
    )
    program = internet.project / "look"
    subprocess.run([str(found), "-static", "-o", str(program), str(source)], check=True)
    assert _reaches(internet, f"./look {API}", HTTPS).startswith("198.18.")


def test_redis_cli(internet: Internet):
    _need("redis-cli")
    assert "PONG" in _reaches(internet, f"redis-cli -h {API} -p 6379 PING | grep PONG", f"{API}:6379")


def test_psql_gets_as_far_as_the_servers_word(internet: Internet):
    """The server speaks just enough to refuse the login with words of its own."""
    _need("psql")
    script = f"psql 'host={API} port=3306 user=a dbname=b sslmode=disable connect_timeout=5' 2>&1 | grep 'no such user'"
    assert "no such user" in _reaches(internet, script, f"{API}:3306")


def test_ssh_gets_as_far_as_the_servers_banner(internet: Internet):
    _need("ssh")
    if internet.identity == "ordinary" and os.geteuid() == 0:
        pytest.skip("ssh wants a user with a name, and the one of this test has none")
    script = f"ssh -v -o StrictHostKeyChecking=no -o ConnectTimeout=5 {API} true 2>&1 | grep 'test_server'"
    assert "test_server" in _reaches(internet, script, f"{API}:22")


def test_gos_own_resolver(internet: Internet):
    _need("go")
    source = (
        'package main\nimport ("fmt"; "net"; "os")\nfunc main() { found, err := net.LookupHost(os.Args[1]);'
        " if err != nil { fmt.Println(err); os.Exit(1) }; fmt.Println(found[0]) }\n"
    )
    (internet.folder / "look.go").write_text(source)
    program = internet.project / "looked"
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "HOME": str(internet.folder),
        "GOFLAGS": "-mod=mod",
        "GO111MODULE": "off",
    }
    built = ["go", "build", "-o", str(program), str(internet.folder / "look.go")]
    subprocess.run(built, check=True, env=env, cwd=internet.folder)
    assert _reaches(internet, f"./looked {API}", HTTPS).startswith("198.18.")


def test_a_database_protocol_by_name_and_by_private_address(internet: Internet):
    script = """python3 -c '
import socket
connection = socket.create_connection(("{0}", {1}), timeout=60)
connection.sendall(b"PING"); print(connection.recv(10).decode())'"""
    by_name = _reaches(internet, script.format(API, 5432), f"{API}:5432")
    listed = _reaches(internet, script.format("db.example.net", 5433), "db.example.net:5433,10.2.0.0/16:5433")
    literal = _reaches(internet, script.format("10.2.0.7", 5433), "10.2.0.7:5433")
    assert (by_name, listed, literal) == ("PING",) * 3


def test_a_name_at_a_private_address_is_refused_with_the_mend(internet: Internet):
    done = _run(internet, "curl -sS -m 5 http://db.example.net:5433/", "db.example.net:5433")
    assert done.status != 0
    assert "db.example.net is at 10.2.0.7 (private), which no rule lists" in done.err
    assert "--allow-net 10.2.0.7:5433" in done.err


def test_an_attempt_at_a_port_that_no_rule_names_is_told_with_its_mend(internet: Internet):
    script = """python3 -c '
import socket
for place in (("db.example.net", 5999), ("93.184.216.66", 5000)):
    try: socket.create_connection(place, timeout=60)
    except OSError as error: print(type(error).__name__)'"""
    done = _run(internet, script, "db.example.net:443")
    assert done.out.split() == ["ConnectionRefusedError"] * 2
    for place in ("db.example.net:5999", "93.184.216.66:5000"):
        assert f"a connection to {place} was refused" in done.err and f"--allow-net {place}" in done.err


def test_private_in_a_policy_opens_private_addresses_of_that_name(internet: Internet):
    entry = "{host: db.example.net, port: 5433, private: true}"
    text = f'version: 1\ndefault: {{net: {{allow: [{entry}], deny: ["10.0.0.0/8"]}}}}\n'
    policy = internet.write("p.yaml", text)
    script = """python3 -c '
import socket
connection = socket.create_connection(("db.example.net", 5433), timeout=60)
connection.sendall(b"PING"); print(connection.recv(10).decode())'"""
    flags = ("--policy", str(policy))
    assert _run(internet, script, "unrelated.example.org", *flags).out.strip() == "PING"
    assert (
        _run(internet, script, "unrelated.example.org", *flags, "--deny-net", "10.2.0.7").out.strip()
        != "PING"
    )


def test_one_port_of_the_hosts_loopback(internet: Internet):
    script = "python3 -c 'import socket; print(socket.create_connection((\"{0}\", {1}), timeout=60).recv(9))'"
    for host in ("localhost", "127.0.0.1", "::1"):
        assert "REACHED" in _reaches(internet, script.format(host, 7777), "localhost:7777")
    assert _run(internet, script.format("127.0.0.1", 53), "localhost:7777").status != 0


def test_an_upstream_that_is_dead_keeps_nobody_waiting(internet: Internet):
    script = f"""
(curl -sS -m 120 http://dead.example.net/ >/dev/null 2>&1; touch /tmp/given-up) &
sleep 0.2
curl -sS http://{API}/
test -e /tmp/given-up || echo " meanwhile"
kill $!"""
    assert _run(internet, script, f"{API}:80,dead.example.net:80").out.split() == ["good", "meanwhile"]


JAVA = """
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URL;
import java.net.UnknownHostException;

class Fetch {
    public static void main(String[] hosts) throws Exception {
        for (String host : hosts) {
            try (InputStream answer = new URL("http://" + host + "/").openStream()) {
                System.out.println(InetAddress.getByName(host).getHostAddress().startsWith("198.1"));
                System.out.println(new String(answer.readAllBytes()));
            } catch (UnknownHostException problem) {
                System.out.println("unknown");
            }
        }
    }
}
"""


def test_javas_resolver_and_client(internet: Internet):
    _need("java")
    internet.write("Fetch.java", JAVA)
    java = "java -XX:TieredStopAtLevel=1 -XX:-UsePerfData Fetch.java"
    done = _run(internet, f"{java} {API} evil.test", f"{API}:80")
    assert done.out.split() == ["true", "good", "unknown"], done.err
