"""What it costs to reach a server through egress, beside reaching it directly.

    python -m benchmarks.egress [MEBIBYTES] [IN-A-ROW]

The same client talks to the same server on this host, outside and in a confined step: once at a port of
the host's loopback, once (where this host has another address) at that address, through the cable. Prints the
rate down and up, the median time to the first byte, a thousand connections at once, many in a row, and
whether descriptors are left in rundown after each. Wanted: at least half the rate, at most 2 ms more to the
first byte.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from rundown.egress.gate import Report, Verdict
from rundown.egress.server import Egress
from rundown.model.policy import Allowed, Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import SandboxPlan, StepNetwork
from rundown.sandbox.doors import Door
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey

SERVER = """
import socket, sys, threading
block = bytes(1 << 20)
server = socket.socket(); server.setsockopt(1, 2, 1); server.bind(("0.0.0.0", 0)); server.listen(4096)
print(server.getsockname()[1], flush=True)
def serve(sock):
    with sock:
        kind = sock.recv(1)
        if kind == b"d":
            count = int(sock.recv(20))
            for _ in range(count): sock.sendall(block)
        elif kind == b"u":
            room = bytearray(1 << 20)
            while sock.recv_into(room): pass
            sock.sendall(b"x")
        else:
            sock.sendall(b"x"); sock.recv(1)
while True:
    sock, _ = server.accept()
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
"""
CLIENT = """
import json, socket, sys, time
host, port, count, row = sys.argv[1], *map(int, sys.argv[2:])
def dial(): return socket.create_connection((host, port), timeout=60)
def down():
    sock = dial(); sock.sendall(b"d"); time.sleep(0.05); sock.sendall(b"%d" % count)
    room = bytearray(1 << 20); got = 0; begun = time.perf_counter()
    while read := sock.recv_into(room): got += read
    assert got == count << 20, got
    return got / (time.perf_counter() - begun)
def up():
    sock = dial(); sock.sendall(b"u"); block = bytes(1 << 20); begun = time.perf_counter()
    for _ in range(count): sock.sendall(block)
    sock.shutdown(socket.SHUT_WR); assert sock.recv(1)
    return (count << 20) / (time.perf_counter() - begun)
def first():
    begun = time.perf_counter(); sock = dial(); sock.sendall(b"f"); assert sock.recv(1); sock.close()
    return time.perf_counter() - begun
def at_once():
    begun = time.perf_counter(); socks = [dial() for _ in range(1000)]
    for sock in socks: sock.sendall(b"f")
    for sock in socks: assert sock.recv(1)
    for sock in socks: sock.close()
    return time.perf_counter() - begun
down(); first()
found = {"down": max(down() for _ in range(3)), "up": max(up() for _ in range(3))}
found["first"] = sorted(first() for _ in range(200))[100]
found["at_once"] = at_once()
begun = time.perf_counter()
for _ in range(row): first()
found["row"] = time.perf_counter() - begun
print(json.dumps(found))
"""


class Open:
    """A gate through which everything goes; it counts."""

    def __init__(self) -> None:
        self.connections = 0
        self.moved_bytes = 0

    def judge(self, host: str, port: int) -> Verdict:
        return Verdict(outcome="allow", rule="benchmark", named=True)

    def ask(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        raise AssertionError("nothing is asked")

    def record(self, report: Report) -> None:
        self.connections += report.count
        self.moved_bytes += report.sent_bytes + report.received_bytes


def plan_client(root: Path, argv: tuple[str, ...], network: StepNetwork) -> SandboxPlan:
    """Returns the plan of a step that runs the client."""
    view = ViewSettings(root=str(root), home=str(root))
    envelope = Envelope(read_allow=(f"{root}/**",))
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="argv", text="", argv=argv,
        cwd=str(root), env_names=(), operations=(),
    )  # fmt: skip
    allowed = Allowed(request=request, rulings=(), envelope=envelope)
    settings = LaunchSettings(view=view, env=(("PATH", "/usr/bin:/bin"),), network=network)
    found = plan_sandbox(allowed, probe_host(), survey(envelope, view), settings)
    assert isinstance(found, SandboxPlan), found
    return found


def through(launcher: Launcher, root: Path, argv: tuple[str, ...], port: int) -> tuple[dict[str, float], str]:
    """Runs the client in a step; returns what it measured, and what was left in this process after."""
    gate, egress, printed = Open(), Egress(), bytearray()
    began = resource.getrusage(resource.RUSAGE_SELF)
    before = len(os.listdir("/proc/self/fd"))
    opened = egress.open(gate)

    def serve(doors: tuple[Door, ...]) -> None:
        for door in doors:
            opened.add(door.kind, door.address, door.port, door.sock)

    plan = plan_client(root, argv, StepNetwork(ports=(port,), loopback=(("127.0.0.1", port),)))
    result = launcher.launch(plan, lambda stream, chunk: printed.extend(chunk), doors=serve)
    opened.close()
    egress.close()
    left = len(os.listdir("/proc/self/fd")) - before
    ended = resource.getrusage(resource.RUSAGE_SELF)
    seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    cost = f"{seconds / (gate.moved_bytes / (1 << 30)):.2f} s of processor a GiB, the connections included"
    assert printed.startswith(b"{"), (result, printed.decode())
    return json.loads(printed), f"{gate.connections} connections, {left} descriptors left, {cost}"


def show(title: str, direct: dict[str, float], found: dict[str, float], left: str) -> None:
    """Prints one block."""
    print(f"{title}   ({left})")
    for name in ("down", "up"):
        one, other = direct[name] / 1e9, found[name] / 1e9
        print(f"  {name:<8} direct {one:6.2f} GB/s   egress {other:6.2f} GB/s   {other / one:5.2f}x")
    one, other = direct["first"] * 1e3, found["first"] * 1e3
    print(f"  first    direct {one:6.2f} ms     egress {other:6.2f} ms     +{other - one:.2f} ms")
    for name in ("at_once", "row"):
        print(f"  {name:<8} direct {direct[name]:6.2f} s      egress {found[name]:6.2f} s")


def own_address() -> str | None:
    """Returns an address of this host that is not on loopback; None if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(sock.getsockname()[0])


def main() -> None:
    """Prints the blocks."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    row = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name, Launcher(probe_host()) as launcher:
        root = Path(name).resolve()
        (root / "client.py").write_text(CLIENT)
        server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            for host in filter(None, ("127.0.0.1", own_address())):
                words = ("/usr/bin/python3", str(root / "client.py"), host, str(port), str(count), str(row))
                ran = subprocess.run(words, capture_output=True, text=True, check=True)
                found, left = through(launcher, root, words, port)
                title = host if host == "127.0.0.1" else "through the cable"
                show(title, json.loads(ran.stdout), found, left)
        finally:
            server.kill()
            server.wait()
    assert threading.active_count() == 1, threading.enumerate()


if __name__ == "__main__":
    main()
