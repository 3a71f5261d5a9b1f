"""`python -m rundown`: the same program as the `rundown` command."""

from rundown.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
