"""One module per dataset; two datasets that are read alike share one.

Each module defines the settings of its dataset, a function that loads it, and the published
sizes, and registers them with :func:`backfill.datasets.registry.register`. Settings are imported
at every start, so libraries that only loading needs are imported by the function.
"""
