"""System calls that no step may make: refused inside, reached outside."""

import platform

import pytest

from tests.support.attacks import EVERYTHING, PYTHON, World, assert_only_outside, py, sh, table

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers below are of x86-64"),
]

PRELUDE = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *words):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(w) if isinstance(w, int) else w for w in words])
    return errno.errorcode[ctypes.get_errno()] if result < 0 else "ok"
"""

# Name, number, arguments, and who gets past the permission check outside: with arguments that make no
# sense the kernel then says anything but EPERM, and nothing happens to the host.
CALLS = (
    ("mount", 165, "(0, b'/nonexistent', 0, 0, 0)", "root"),
    ("umount2", 166, "(b'/nonexistent', 0)", "root"),
    ("pivot_root", 155, "(b'/nonexistent', b'/nonexistent')", "root"),
    ("chroot", 161, "(b'/nonexistent',)", ""),
    ("open_tree", 428, "(-1, b'x', 0)", ""),
    ("move_mount", 429, "(-1, b'', -1, b'', 0x44)", "root"),
    ("fsopen", 430, "(b'nosuchfs', 0)", "root"),
    ("fsconfig", 431, "(-1, 99, 0, 0, 0)", ""),
    ("fsmount", 432, "(-1, 0, 0)", "root"),
    ("fspick", 433, "(-1, b'x', 0)", "root"),
    ("mount_setattr", 442, "(-1, b'x', 0, 0, 0)", ""),
    ("setns", 308, "(-1, 0)", ""),
    ("unshare user", 272, "(0x10000000,)", ""),
    ("unshare mount", 272, "(0x00020000 | 0x10000000,)", ""),
    ("unshare net", 272, "(0x40000000 | 0x10000000,)", ""),
    ("unshare pid", 272, "(0x20000000 | 0x10000000,)", ""),
    ("unshare cgroup", 272, "(0x02000000 | 0x10000000,)", ""),
    ("unshare time", 272, "(0x80 | 0x10000000,)", ""),
    ("ptrace traceme", 101, "(0, 0, 0, 0)", ""),
    ("process_vm_readv", 310, "(-1, 0, 0, 0, 0, 0)", ""),
    ("process_vm_writev", 311, "(-1, 0, 0, 0, 0, 0)", ""),
    ("process_madvise", 440, "(-1, 0, 0, 0, 0)", ""),
    ("kcmp", 312, "(os.getpid(), os.getpid(), 2, 0, 0)", ""),
    ("pidfd_getfd", 438, "(-1, 0, 0)", ""),
    ("bpf", 321, "(0, 0, 0)", "root"),
    ("perf_event_open", 298, "(0, 0, -1, -1, 0)", ""),
    ("userfaultfd", 323, "(1,)", ""),
    ("io_uring_setup", 425, "(1, ctypes.create_string_buffer(120))", ""),
    ("io_uring_enter", 426, "(-1, 0, 0, 0, 0, 0)", ""),
    ("io_uring_register", 427, "(-1, 0, 0, 0)", ""),
    ("keyctl session", 250, "(0, -3, 1)", ""),
    ("keyctl join", 250, "(1, 0)", ""),
    ("add_key", 248, "(b'user', b'rundown-test', b'x', 1, -2)", ""),
    ("request_key", 249, "(b'user', b'rundown-nothing', 0, 0)", ""),
    ("init_module", 175, "(0, 0, b'')", "root"),
    ("finit_module", 313, "(-1, b'', 0)", "root"),
    ("delete_module", 176, "(b'rundown_nothing', 0)", "root"),
    ("kexec_load", 246, "(0, 99, 0, 0)", "root"),
    ("reboot", 169, "(0, 0, 0, 0)", "root"),
    ("syslog", 103, "(99, 0, 0)", "root"),
    ("swapon", 167, "(b'/nonexistent', 0)", "root"),
    ("swapoff", 168, "(b'/nonexistent',)", "root"),
    ("quotactl", 179, "(0x800007, b'/nonexistent', 0, 0)", ""),
    ("quotactl_fd", 443, "(-1, 0x800007, 0, 0)", ""),
    ("acct", 163, "(b'/nonexistent',)", "root"),
    ("settimeofday", 164, "(0, 0)", "root"),
    ("clock_settime", 227, "(99, 0)", ""),
    ("clock_adjtime", 305, "(99, 0)", ""),
    ("adjtimex", 159, "(0,)", ""),
    ("iopl", 172, "(0,)", ""),
    ("ioperm", 173, "(70000, 1, 1)", ""),
    ("vhangup", 153, "()", "never"),
    ("open_by_handle_at", 304, "(-1, ctypes.create_string_buffer(8), 0)", ""),
    ("fanotify_init", 300, "(0x200, 0)", ""),
    ("lookup_dcookie", 212, "(0, 0, 0)", ""),
    ("personality without randomness", 135, "(0x0040000,)", ""),
    ("personality with executable data", 135, "(0x0400000,)", ""),
    ("personality of another system", 135, "(0x0006,)", ""),
    ("personality with a high bit", 135, "(0x80040000,)", ""),
    ("socket packet", 41, "(17, 99, 0)", "root"),
    ("socket alg", 41, "(38, 5, 0)", ""),
    ("socket vsock", 41, "(40, 99, 0)", ""),
    ("socket bluetooth", 41, "(31, 99, 0)", ""),
    ("socket can", 41, "(29, 99, 0)", ""),
    ("socket rds", 41, "(21, 99, 0)", ""),
    ("socket tipc", 41, "(30, 99, 0)", ""),
    ("socket xdp", 41, "(44, 99, 0)", ""),
    ("socket unknown family", 41, "(1000, 1, 0)", ""),
    ("socket family with high bits", 41, "(0x100000011, 99, 0)", "root"),
    ("socket netlink generic", 41, "(16, 3, 16)", ""),
    ("socket netlink audit", 41, "(16, 3, 9)", ""),
    ("socket netlink netfilter", 41, "(16, 3, 12)", ""),
    ("socket netlink uevent", 41, "(16, 3, 15)", ""),
    ("socket inet raw", 41, "(2, 3, 1)", "root"),
    ("socket inet6 raw", 41, "(10, 3, 58)", "root"),
    ("socket inet seqpacket", 41, "(2, 5, 0)", ""),
    ("socket sctp", 41, "(2, 1, 132)", ""),
    ("socket mptcp", 41, "(2, 1, 262)", ""),
    ("socket icmp", 41, "(2, 2, 1)", "never"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "number", "words", "who"), CALLS, ids=[call[0].replace(" ", "-") for call in CALLS]
)
def test_a_call_is_refused_inside_and_gets_further_outside(world: World, name, number, words, who):
    text = PRELUDE + f"print(call({number}, *{words}))"
    inside = world.python(text)
    assert (inside.text, inside.kind) == ("EPERM", "result"), inside
    if who in ("", world.driver.identity):
        assert world.outside_step(PYTHON, "-I", "-S", "-c", text).text != "EPERM"
    if who == "":
        assert world.python(text, without=["seccomp"]).text != "EPERM"


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("clone3 is not there, so that libc falls back", 435, "(0, 0)"),
    ],
)
def test_a_call_is_said_not_to_exist(world, name, number, words):
    assert world.python(PRELUDE + f"print(call({number}, *{words}))").text == "ENOSYS"


FLAGS = {"NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000, "NEWUSER": 0x10000000,
         "NEWPID": 0x20000000, "NEWNET": 0x40000000}  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS)
def test_clone_makes_no_namespaces(world, flag):
    text = (
        PRELUDE
        + f"""
pid = libc.syscall(ctypes.c_long(56), ctypes.c_long({FLAGS[flag]} | {FLAGS["NEWUSER"]} | 17), 0, 0, 0, 0)
if pid == 0: os._exit(0)
print(errno.errorcode[ctypes.get_errno()] if pid < 0 else "ok")
"""
    )
    assert world.python(text).text == "EPERM"
    assert world.outside_step(PYTHON, "-I", "-S", "-c", text).text == "ok"


@pytest.mark.parametrize("request_name", ["TIOCSTI", "TIOCLINUX", "TIOCCONS", "TIOCSETD"])
@pytest.mark.parametrize("high", [0, 0xDEADBEEF00000000], ids=["plain", "with-high-bits"])
def test_a_terminal_takes_no_dangerous_request(world, request_name, high):
    number = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCCONS": 0x541D, "TIOCSETD": 0x5423}[
        request_name
    ] | high
    text = (
        PRELUDE
        + f"""
master, slave = os.openpty()
print(call(16, slave, {number} - (1 << 64 if {number} >> 63 else 0), ctypes.create_string_buffer(b"x", 8)))
"""
    )
    assert world.python(text).text == "EPERM"


@pytest.mark.parametrize(
    "text",
    [
        "import os; pid = os.fork(); pid or os._exit(7); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
        "import threading; out = []; t = threading.Thread(target=lambda: out.append(7)); t.start(); t.join(); print(out[0])",
        "import subprocess; print(subprocess.run(['/bin/sh', '-c', 'exit 7']).returncode)",
        PRELUDE
        + "print(7 if call(272, 0) == call(272, 0x400) == call(135, 0xffffffff) == call(135, 0) == 'ok' else 0)",
        "import os; fd = os.memfd_create('x'); os.write(fd, open('/bin/sh', 'rb').read()); os.posix_spawn(f'/proc/self/fd/{fd}', ['sh', '-c', 'exit 7'], {}); print(os.waitstatus_to_exitcode(os.wait()[1]))",
        "import os; m, s = os.openpty(); os.write(s, b'7'); print(os.read(m, 1).decode())",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, 17); print(7)",
        "import os, ctypes; libc = ctypes.CDLL(None); print(7 if libc.prctl(38, 1, 0, 0, 0) == 0 else 0)",
        "import os; os.inotify = ctypes = None; import select; select.epoll().close(); os.eventfd(0); print(7)",
        "import mmap; m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC); print(7)",
        "import multiprocessing as m; q = m.SimpleQueue(); p = m.get_context('fork').Process(target=q.put, args=(7,)); p.start(); print(q.get()); p.join()",
    ],
    ids=[
        "fork",
        "threads",
        "spawn",
        "harmless-flags",
        "memfd-exec",
        "pty",
        "sockets",
        "no-new-privs",
        "epoll",
        "jit",
        "semaphores",
    ],
)
def test_what_programs_live_on_works(world, text):
    assert world.step(PYTHON, "-I", "-c", text).text == "7"


def test_calls_of_the_32_bit_and_x32_kinds_are_killed(world):
    x32 = PRELUDE + "call(39 | 0x40000000); print('survived')"
    assert world.python(x32).signal == 31
    int80 = (
        PRELUDE
        + """
import mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))  # mov eax, 20 (getpid); int 0x80; ret
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
print("survived")
"""
    )
    assert world.python(int80).signal == 31
    assert world.outside_step(PYTHON, "-I", "-S", "-c", int80).signal != 31


@table(
    sh("a namespace by unshare(1)", "unshare -r true && echo REACHED", defences=EVERYTHING),
    sh("a mount in a namespace", "unshare -rm mount -t tmpfs none /mnt && echo REACHED", defences=EVERYTHING),
    sh("a mount", "unshare -m sh -c 'mount -t tmpfs none /mnt' && echo REACHED", only="root", defences=EVERYTHING),
    sh("another root", "chroot / true && echo REACHED", only="root"),
    sh("a device node", "rm -f /tmp/rundown-node; mknod /tmp/rundown-node c 1 5 && head -c1 /tmp/rundown-node >/dev/null && echo REACHED; rm -f /tmp/rundown-node", only="root", defences=EVERYTHING),
    sh("a namespace of another process", "nsenter -t $PPID -m true && echo REACHED", only="root", defences=EVERYTHING),
    sh("the host's name", "unshare -u sh -c 'hostname other' && echo REACHED", only="root"),
    sh("the clock", "date -s @$(date +%s) >/dev/null && echo REACHED", only="root", defences=EVERYTHING),
    sh("another owner", "touch dist/f && chown 12345 dist/f && echo REACHED; rm -f dist/f", only="root"),
    py("a way out of a chroot", """
import os
os.makedirs("/tmp/jail-of-test", exist_ok=True)
fd = os.open("/", os.O_RDONLY); os.chroot("/tmp/jail-of-test"); os.fchdir(fd); os.chroot(".")
os.rmdir("/tmp/jail-of-test"); print("REACHED")
""", only="root"),
    py("a higher priority", "import os; os.nice(-5); print('REACHED')", only="root", defences=EVERYTHING),
    py("real-time scheduling", "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); print('REACHED')", only="root", defences=EVERYTHING),
    py("another user's id", "import os; os.setuid(12345); print('REACHED')", only="root"),
    defences=("privileges",),
)  # fmt: skip
def test_privileges_are_gone(world, attack):
    assert_only_outside(world, attack)
