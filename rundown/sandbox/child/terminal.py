"""The step's own pseudo-terminal: made by init in the step's devpts, else in the host's; its master is handed
out.

Source: pty(7), tty_ioctl(4).
"""

import fcntl
import os
import struct
import termios
from typing import Final

_TIOCGPTN: Final = 0x80045430
_TIOCSPTLCK: Final = 0x40045431


def open_pair(*, own: bool) -> tuple[int, int]:
    """Returns (master, slave) fds of a new pseudo-terminal. `own`: /dev/pts is the step's; in the host's, an
    ordinary user may not open the multiplexer but by its older place. Source: the kernel's devpts.rst."""
    multiplexer = "/dev/pts/ptmx" if own else "/dev/ptmx"
    master = os.open(multiplexer, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("i", fcntl.ioctl(master, _TIOCGPTN, struct.pack("i", 0)))
    return master, os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)


def set_size(master: int, rows: int, columns: int) -> None:
    """Sets the window size; the foreground process group gets SIGWINCH."""
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def take_control(slave: int) -> None:
    """Makes `slave` the controlling terminal of this session leader."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
