"""Whether a sed script starts programs or writes files.

Source: sed(1), GNU extensions: the command `e`, the flag `e` of `s`, the commands `w W`, the flag `w` of `s`.
Knows the grammar of scripts; what it does not know for certain counts as dangerous.
"""

import re

_STARTS = "`sed` with the command or flag `e` starts programs"
_WRITES = "`sed` with the command or flag `w` writes a file"
_ODD = "a `sed` script that is not plain"
_BRACKET = re.compile(r"\^?\]?(?:\[[:.=][^\]]*[:.=]\]|[^\]])*+\]")
_ONE_LETTER = frozenset("=dDgGhHnNpPxzF")


def dangerous_sed(script: str) -> str | None:
    """Returns why the script is dangerous, None if it surely only edits text."""
    return _Script(script).why()


class _Script:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def peek(self) -> str:
        return self.text[self.position] if self.position < len(self.text) else ""

    def why(self) -> str | None:
        while self.position < len(self.text):
            self.skip(" \t\n;{}")
            if self.peek() == "":
                return None
            if not self.address():
                return _ODD
            why = self.command()
            if why is not None:
                return why
        return None

    def skip(self, signs: str) -> None:
        while self.peek() and self.peek() in signs:
            self.position += 1

    def address(self) -> bool:
        """Goes past `1`, `$`, `/x/I`, `\\cxc`, `1~2`, `a,b`, `a,+3`, `!`; False if it is something else."""
        while True:
            char = self.peek()
            if char == "/" or char == "\\":
                self.position += 1 if char == "/" else 2
                sign = "/" if char == "/" else self.text[self.position - 1 : self.position]
                if not self.delimited(sign, pattern=True):
                    return False
                self.skip("IM")
            elif char.isdigit() or char in ("$", "+", "~"):
                self.position += 1
                self.skip("0123456789")
            else:
                self.skip(" \t")
                if self.peek() == ",":
                    self.position += 1
                    self.skip(" \t")
                    continue
                self.skip("! \t")
                return True

    def delimited(self, delimiter: str, *, pattern: bool = False) -> bool:
        """Goes past text up to and with `delimiter`; a backslash hides it.

        False if it is not there, or if it stands in a bracket expression of a pattern, where seds disagree.
        """
        if delimiter in ("", "\n", "\\"):
            return False
        while self.position < len(self.text):
            char = self.text[self.position]
            self.position += 1
            if char == "\\":
                self.position += 1
            elif char == delimiter:
                return True
            elif char == "[" and pattern and not self.bracket(delimiter):
                return False
        return False

    def bracket(self, delimiter: str) -> bool:
        """Goes past the rest of a bracket expression; False if it is not closed or holds `delimiter`."""
        match = _BRACKET.match(self.text, self.position)
        if match is None or delimiter in match.group():
            return False
        self.position = match.end()
        return True

    def command(self) -> str | None:
        char = self.peek()
        self.position += 1
        if char in _ONE_LETTER or char in "{}":
            return None
        if char == "":
            return None
        if char == "s":
            return self.substitute()
        if char == "y":
            delimiter = self.peek()
            self.position += 1
            return None if self.delimited(delimiter) and self.delimited(delimiter) else _ODD
        if char in "wW":
            return _WRITES
        if char == "e":
            return _STARTS
        if char in "aic#:btTrRlLqQvM":
            return self.rest(char)
        return _ODD

    def rest(self, char: str) -> str | None:
        """Commands with text or a label up to the end of the line; those of labels and numbers also end at `;`."""
        ends = "\n;}" if char in "btTqQlL" else "\n"
        while self.peek() and self.peek() not in ends:
            self.position += 2 if self.peek() == "\\" and char in "aic" else 1
        return None

    def substitute(self) -> str | None:
        delimiter = self.peek()
        self.position += 1
        if not (self.delimited(delimiter, pattern=True) and self.delimited(delimiter)):
            return _ODD
        while self.peek() and self.peek() in "gpiImM0123456789ew":
            if self.peek() == "e":
                return _STARTS
            if self.peek() == "w":
                return _WRITES
            self.position += 1
        self.skip(" \t")
        return None if self.peek() in ("", "\n", ";", "}", "#") else _ODD
