"""Kills at random moments of a migration in PostgreSQL: of workers, and of the server itself.

cd tests; python -m live.kills --kills 200 --report ../benchmarks/live_kills.md
"""
