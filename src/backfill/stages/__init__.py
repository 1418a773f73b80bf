"""The stages of dvc.yaml, one thin file each: read settings and inputs, compute, write."""
