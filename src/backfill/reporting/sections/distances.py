"""Whether the distances of a method's two systems can be compared."""

from __future__ import annotations

from backfill.reporting.figures.distances import distance_figure, shown_distances
from backfill.reporting.section import Chart, Section
from backfill.reporting.sections import section
from backfill.reporting.study import Study


@section(60)
def distances(study: Study) -> Section:
    """The distributions of positive and negative pairs, in both systems of each method."""
    shown = shown_distances(study.panels)
    count = sum(len(panel.results) for panel in study.panels.values())
    fewer = (
        f" Shown are {len(shown)} of {count} methods; of methods with the same distances, which "
        "may still differ in their order, only the first."
    )
    return Section(
        id="distances",
        title="Are the two distances comparable?",
        caption=(
            "A merged ranking compares distances in the system that ranks the waiting items "
            "(before) with distances in the one that ranks the backfilled items (after)."
        ),
        charts=[
            Chart(
                "distances",
                distance_figure(shown, title=study.title),
                alt=(
                    f"Small multiples, a pair for each of {len(shown)} methods: densities of the "
                    "distances of positive and of negative query-gallery pairs, in the system "
                    "before backfilling and in the one after it."
                ),
                caption=(
                    "Filled: the system’s own distances of positive and negative pairs. Outlines: "
                    "those of the other system. Where the two coincide, the systems can share a "
                    "ranking; where they do not, items of one crowd out those of the other."
                    + (fewer if len(shown) < count else "")
                ),
            )
        ],
    )
