"""Records picomatch's verdicts: `NODE_PATH=…/node_modules python -m tests.peers.record_picomatch`."""

import json

from tests.peers.picomatch_pairs import PATHS, PATTERNS, RECORDED, theirs


def main() -> None:
    """Writes `picomatch.json`."""
    version, found = theirs()
    record = {"picomatch": version, "paths": PATHS, "verdicts": dict(zip(PATTERNS, found, strict=True))}
    RECORDED.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
