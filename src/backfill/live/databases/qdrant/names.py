"""How what a migration adds is called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """What a migration adds.

    Attributes:
        notes: collection of its own.
        new: name of the new vectors.
        print: name of the vectors that are their fingerprints.
        carried: name of what old vectors are carried forward to.
        source: name of copies of the old vectors that these were made from.
    """

    notes: str
    new: str
    print: str
    carried: str
    source: str

    @classmethod
    def of(cls, name: str) -> Names:
        """By the name of the migration."""
        ours = f"backfill_{name}"
        return cls(ours, ours, f"{ours}_fingerprint", f"{ours}_carried", f"{ours}_source")

    @property
    def vectors(self) -> tuple[str, ...]:
        """Names of all vectors that it adds."""
        return (self.new, self.print, self.carried, self.source)
