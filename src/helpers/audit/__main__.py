"""``python -m helpers.audit`` is ``good-start-audit``, the audit on the command line."""

from helpers.audit.command import main

if __name__ == "__main__":
    raise SystemExit(main())
