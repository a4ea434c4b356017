"""What an audit says: as a record, as text, as HTML, as a table and as a figure."""

from helpers.audit.report.report import Report

__all__ = ["Report"]
