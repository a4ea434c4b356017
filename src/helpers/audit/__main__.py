"""The audit on the command line: ``python -m helpers.audit package.module:factory``."""

from helpers.audit.command import main

if __name__ == "__main__":
    raise SystemExit(main())
