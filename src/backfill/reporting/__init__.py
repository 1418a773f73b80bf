"""What people read: tables, figures and one HTML page.

Start at :func:`backfill.reporting.report.write_report`. Nothing is imported here, so that the
evaluation, which needs no more than `results`, neither loads nor depends on the rest.
"""
