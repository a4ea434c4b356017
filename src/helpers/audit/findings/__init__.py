"""What an audit finds: each principle a function from what was measured to what is wrong."""

from helpers.audit.findings.principles import findings, never_initialized

__all__ = ["findings", "never_initialized"]
