"""From settings to stages: what a study needs, what each stage reads, and dvc.yaml.

- :mod:`~backfill.pipeline.graph`: the rows that some studies need, and no others.
- :mod:`~backfill.pipeline.plans`: what each stage reads, one small file per stage and row.
- :mod:`~backfill.pipeline.dvc_yaml`: the stages as DVC runs them.
- :mod:`~backfill.pipeline.workspace`: a folder of its own for a dataset's studies.
"""
