"""`Recorder`: hands reports to the record one after the other, off the loop, and waits for the last.

Each is told by itself while the record keeps up; those of one kind that pile up meanwhile are told as one,
with their number and bytes together, so that a step cannot fill the disk by connecting.
"""

import queue
import threading
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from rundown.egress.gate import Report

_MOST: Final = 1000
_REST: Final = "*"


class Recorder:
    """One a step. After a thousand facts the rest is told at the end, in one for what was let through and
    one for what was not."""

    def __init__(self, record: Callable[[Report], None]) -> None:
        self._record = record
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._told = 0
        self._rest: dict[tuple[object, ...], Report] = {}
        self._problem: BaseException | None = None
        self._thread: threading.Thread | None = None

    def add(self, report: Report) -> None:
        """Takes a report; returns at once. Called on the loop only."""
        self._reports.put(report)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="egress-record", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Returns when everything is on record. Raises what the record raised."""
        if self._thread is None:
            return
        self._reports.put(None)
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _work(self) -> None:
        going = True
        while going:
            batch = [self._reports.get()]
            while not self._reports.empty():
                batch.append(self._reports.get())
            going = None not in batch
            try:
                self._tell(merge([report for report in batch if report is not None]))
                if not going:
                    for report in self._rest.values():
                        self._record(report)
            except BaseException as problem:
                self._problem = self._problem or problem

    def _tell(self, reports: list[Report]) -> None:
        for report in reports:
            if self._told < _MOST:
                self._told += 1
                self._record(report)
            else:
                key = (report.allowed,)
                plain = replace(report, host=_REST, port=0, rule="", address="", flag="", yaml="")
                plain = replace(plain, reason="" if report.allowed else "further ones")
                self._rest[key] = _together(self._rest[key], plain) if key in self._rest else plain


def merge(reports: list[Report]) -> list[Report]:
    """Returns the reports with those of one kind made one, in the order of the first of each."""
    merged: dict[tuple[object, ...], Report] = {}
    for report in reports:
        key = (report.host, report.port, report.allowed, report.rule, report.reason, report.address)
        merged[key] = _together(merged[key], report) if key in merged else report
    return list(merged.values())


def _together(one: Report, other: Report) -> Report:
    return replace(
        one,
        sent_bytes=one.sent_bytes + other.sent_bytes,
        received_bytes=one.received_bytes + other.received_bytes,
        duration_ns=max(one.duration_ns, other.duration_ns),
        count=one.count + other.count,
    )
