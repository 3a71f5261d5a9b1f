"""rundown: run Markdown runbooks, each step asked for first and confined by the kernel."""

__version__ = "0.1.0"
