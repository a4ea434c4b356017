"""Where ``good-start-audit`` begins: an interrupt has its status while PyTorch is imported, too."""

import sys


def main() -> int:
    """Run the audit's command and return its exit status."""
    try:
        from helpers.audit import command

        return command.main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
