"""Hostile inputs for every reader: each answers with a result or with one clear error.

python -m fuzz --inputs 100000        # from tests/; `make fuzz` does that, and writes the report
"""
