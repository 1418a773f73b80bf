"""What people read: tables, figures and one HTML page.

Start at :func:`backfill.reporting.report.write_report`. Nothing is imported here, so that the
command line loads no more than it needs.
"""
