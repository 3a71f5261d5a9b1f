"""A step is in a network of its own: its loopback works, and nothing leads out."""

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.attacks import py
from tests.support.kernel import ORDINARY_UID, PYTHON, World

pytestmark = pytest.mark.kernel

SERVER = """
import socket, sys
server = socket.socket(socket.AF_INET if sys.argv[1] == "tcp" else socket.AF_UNIX)
server.bind(("127.0.0.1", 0) if sys.argv[1] == "tcp" else sys.argv[2].replace("@", "\\0"))
server.listen()
print(server.getsockname()[1] if sys.argv[1] == "tcp" else "ready", flush=True)
while True:
    connection, _ = server.accept(); connection.sendall(b"REACHED"); connection.close()
"""


@pytest.fixture
def serve(world) -> Iterator[object]:
    """Starts a host server of the same user; returns its port, or "ready"."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> str:
        as_other = world.driver.identity == "ordinary" and os.geteuid() == 0
        user = {"user": ORDINARY_UID, "group": ORDINARY_UID, "extra_groups": ()} if as_other else {}
        process = subprocess.Popen(
            [PYTHON, "-I", "-S", "-c", SERVER, *words],
            stdout=subprocess.PIPE,
            text=True,
            cwd=world.root,
            **user,
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.wait()


def _both(world: World, text: str) -> tuple[str, str]:
    attack = py("", text)
    return world.outside_step(*attack.argv(world)).text, world.step(*attack.argv(world)).text


CONNECT = """
import socket
try:
    connection = socket.create_connection((HOST, PORT), timeout=60); print(connection.recv(10).decode())
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0", "127.1.2.3"])
def test_a_server_on_the_hosts_loopback_is_not_reachable(world, serve, host):
    port = serve("tcp")
    text = CONNECT.replace("HOST", repr(host)).replace("PORT", port)
    outside, inside = _both(world, text)
    assert (outside if host != "127.1.2.3" else "REACHED", inside) == ("REACHED", "ConnectionRefusedError")


def test_an_abstract_socket_of_the_host_is_not_reachable(world, serve):
    name = f"rundown-test-{os.getpid()}"
    serve("unix", f"@{name}")
    text = f"import socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect('\\0{name}'); print(s.recv(10).decode())\nexcept OSError as e: print(type(e).__name__)"
    assert _both(world, text) == ("REACHED", "ConnectionRefusedError")


def test_nor_is_it_by_a_step_in_the_hosts_network(world, serve):
    """What a network of its own keeps apart, Landlock's scope does here."""
    name = f"rundown-test-{os.getpid()}"
    serve("unix", f"@{name}")
    text = f"import socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect('\\0{name}'); print(s.recv(10).decode())\nexcept OSError as e: print(type(e).__name__)"
    argv, envelope = (PYTHON, "-I", "-S", "-c", text), world.envelope(host=("net",))
    inside = world.step(*argv, envelope=envelope)
    weak = world.step(*argv, envelope=envelope, without=["landlock"])
    assert (inside.text, weak.text) == ("PermissionError", "REACHED")


@pytest.mark.parametrize(
    ("place", "refused"), [("outside", "FileNotFoundError"), ("root", "ConnectionRefusedError")]
)
def test_a_socket_in_the_file_system_is_not_reachable_even_in_an_opened_tree(world, serve, place, refused):
    path = f"{getattr(world, place)}/s"
    serve("unix", path)
    text = f"import socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect({path!r}); print(s.recv(10).decode())\nexcept OSError as e: print(type(e).__name__)"
    outside, inside = _both(world, text)
    assert (outside, inside in (refused, "PermissionError")) == ("REACHED", True)


def test_a_socket_bound_by_a_relative_name_is_hidden_as_well(world, serve):
    serve("unix", "relative.sock")
    text = "import socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect('relative.sock'); print(s.recv(10).decode())\nexcept OSError as e: print('refused')"
    assert _both(world, text) == ("REACHED", "refused")


def test_a_socket_that_nobody_listens_on_may_be_replaced(world):
    left_over = socket.socket(socket.AF_UNIX)
    left_over.bind(str(world.root / "dist/old.sock"))
    left_over.close()
    world.give(world.base)
    assert (
        world.python(
            "import os, socket; os.unlink('dist/old.sock'); socket.socket(socket.AF_UNIX).bind('dist/old.sock'); print('ok')"
        ).text
        == "ok"
    )


@pytest.mark.parametrize("address", ["192.0.2.1", "8.8.8.8", "10.0.0.1", "169.254.169.254", "2001:db8::1"])
def test_no_route_leads_out(world, address):
    text = CONNECT.replace("HOST", repr(address)).replace("PORT", "80")
    ended = world.step(PYTHON, "-I", "-S", "-c", text)
    assert ended.text in ("OSError", "ConnectionRefusedError")  # no way on, or refused at the cable's end


def test_there_are_loopback_and_the_cable_and_routes_cannot_be_made(world):
    ended = world.shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '; cat /proc/net/if_inet6")
    words = [word for word in ended.text.split() if word != "net0"]
    assert words == ["lo", "00000000000000000000000000000001", "01", "80", "10", "80", "lo"]
    assert (
        world.shell(
            "ip link add dummy0 type dummy 2>/dev/null || ip addr add 10.9.9.9/8 dev lo 2>/dev/null || echo refused"
        ).text
        == "refused"
    )


def test_a_steps_own_servers_work_on_its_loopback(world):
    text = """
import socket, threading
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    server = socket.socket(family); server.bind((address, 0)); server.listen()
    client = socket.create_connection(server.getsockname()[:2], timeout=60)
    peer, _ = server.accept(); peer.sendall(b"ok "); print(client.recv(3).decode(), end="")
a, b = socket.socketpair(); a.send(b"pair"); print(b.recv(9).decode())
"""
    assert world.python(text).text == "ok ok pair"


def test_two_steps_do_not_meet_in_the_abstract_namespace(world):
    text = (
        "import socket\ns = socket.socket(socket.AF_UNIX); s.bind('\\0meeting'); s.listen(); print('bound')"
    )
    assert (world.python(text).text, world.python(text).text) == ("bound", "bound")


def test_names_resolve_to_loopback_only_and_fail_at_once(world):
    # A question that nobody answers would take 30 s. Source: resolv.conf(5), RES_OPTIONS.
    ended = world.shell(
        "getent hosts localhost | head -1; RES_OPTIONS='timeout:30 attempts:2' getent hosts example.org; echo $?"
    )
    assert ended.text.splitlines()[-1] == "2"
    assert ended.seconds < 30


def test_every_port_is_free_for_a_steps_own_servers(world):
    text = """
import socket
for address in ("0.0.0.0", "127.0.0.1"):
    for port in (1443, 5432, 8080):
        server = socket.socket(); server.setsockopt(1, 2, 1); server.bind((address, port)); server.listen()
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        peer, _ = server.accept(); peer.sendall(b"ok "); print(client.recv(3).decode(), end="")
        for each in (server, client, peer): each.close()
"""
    assert world.python(text).text == "ok ok ok ok ok ok"
