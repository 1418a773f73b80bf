"""What one report is about, and the numbers that its sections and figures share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backfill.arrays import Float64s
from backfill.errors import InputError
from backfill.reporting.escaped import printable, require_printable
from backfill.reporting.line_styles import line_styles
from backfill.reporting.measures import Measure, measures, on_common_draws, per_run
from backfill.reporting.numbers import Numbers, method_numbers
from backfill.reporting.paired import Difference, paired_difference
from backfill.reporting.panel import PanelResults, label_order, pure_references
from backfill.reporting.sampling import Sampling
from backfill.reporting.style import LineStyle
from backfill.results import BackfillCurve, MethodResult


@dataclass(frozen=True)
class Choice:
    """A setting that was chosen by measuring.

    Attributes:
        setting: which one.
        value: that was taken.
        among: all values that were tried.
        data: what was searched.
        measure: by which number.
    """

    setting: str
    value: str | float
    among: Sequence[str | float]
    data: str
    measure: str


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that a report is made from. What sections share is computed once.

    Attributes:
        dataset: its name; the paper's numbers stand beside ours if the paper has it.
        name: of the study.
        panels: by name, in order; all methods have the same Q queries, fractions and top-k.
        sampling: of all bootstrap intervals.
        figure: the section that this study asks for besides those that every study has.
        compare: pairs of labels; the claim is that the first does better than the second.
        groups: (Q,) group name of each query.
        minority: the groups that make up the minority.
        question: what the study asks; plain text.
        choices: settings behind its numbers that were chosen by measuring.
        notes: what readers have to know of the dataset, in sentences.
        reads: whether the vectors were there, and no encoder was trained.

    Raises:
        InputError: a name cannot be printed, a reference is missing, or methods differ in queries,
            fractions or top-k.
    """

    dataset: str
    name: str
    panels: Mapping[str, PanelResults]
    sampling: Sampling
    figure: str | None = None
    compare: Sequence[tuple[str, str]] = ()
    groups: NDArray[np.str_] | None = None
    minority: Sequence[str] = ()
    question: str = ""
    choices: Sequence[Choice] = ()
    notes: Sequence[str] = ()
    reads: bool = False

    def __post_init__(self) -> None:
        self._require_names()
        # Names from a dataset are nobody's choice: they are shown as well as can be.
        if self.groups is not None:
            shown = [printable(group) for group in self.groups.ravel().tolist()]
            groups = np.array(shown, np.str_).reshape(self.groups.shape)
            object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "notes", [printable(note) for note in self.notes])
        for name, panel in self.panels.items():
            missing = [label for label in panel.references if label not in panel.results]
            if missing:
                raise InputError(
                    f"report: expected results of {' and '.join(missing)}{self.where(name)}, "
                    f"got {', '.join(panel.results) or 'none'}"
                )
        self._check_alike()

    def _require_names(self) -> None:
        require_printable("dataset", self.dataset)
        require_printable("study", self.name)
        require_printable("question", self.question)
        for panel, of in self.panels.items():
            require_printable("panels", panel)
            for label in of.results:
                require_printable("label", label)

    @property
    def title(self) -> str:
        """Dataset and study, as figures and pages are headed."""
        return f"{self.dataset}, {self.name}"

    @property
    def several(self) -> bool:
        """Whether there are panels to be told apart."""
        return len(self.panels) > 1

    def where(self, panel: str) -> str:
        """How a sentence says in which panel; nothing if there is only one."""
        return f" in {panel}" if self.several else ""

    @cached_property
    def measures(self) -> list[Measure]:
        """What curves are drawn of."""
        return measures(self._first)

    @property
    def fraction(self) -> Float64s:
        """(T,) backfill fractions at which everything is measured."""
        return self._first.curves[0].fraction

    @property
    def queries(self) -> int:
        """How many queries there are."""
        return len(self._first.curves[0].average_precision)

    @cached_property
    def runs(self) -> int:
        """The most runs that a method has."""
        return max(len(r.curves) for panel in self.panels.values() for r in panel.results.values())

    @cached_property
    def draws(self) -> int:
        """The most draws of the encoders that a method has."""
        return max(r.draws for panel in self.panels.values() for r in panel.results.values())

    @property
    def trained(self) -> str:
        """How often everything was trained, for readers."""
        count = self.runs // self.draws
        seeds = f"{count} {'seed' if count == 1 else 'seeds'}"
        if self.reads:
            return seeds
        draws = "1 draw" if self.draws == 1 else f"up to {self.draws} draws"
        return f"{draws} of the encoders, {seeds}"

    @cached_property
    def labels(self) -> list[str]:
        """All labels, each once, in the order of the tables."""
        return label_order(self.panels)

    @cached_property
    def references(self) -> dict[str, str]:
        """Labels that are a reference wherever they occur, each with its role, `old` or `new`."""
        return pure_references(self.panels)

    @cached_property
    def line_styles(self) -> dict[str, LineStyle]:
        """How each label is drawn, the same in all figures."""
        return line_styles(self.panels)

    @cached_property
    def numbers(self) -> dict[str, dict[str, Numbers]]:
        """The numbers of every method, by panel and label."""
        return {
            name: {
                label: method_numbers(
                    result, panel.results[panel.old], panel.results[panel.new], self.sampling
                )
                for label, result in panel.results.items()
            }
            for name, panel in self.panels.items()
        }

    def curves(self, panel: str, label: str, measure: Measure) -> Float64s:
        """A method's curve in every run, (R, T), as fractions."""
        key = panel, label, measure
        if key not in self._curves:
            results = self.panels[panel].results
            result, old = on_common_draws(results[label], results[self.panels[panel].old])
            self._curves[key] = per_run(result, measure, old)
        return self._curves[key]

    def area(self, panel: str, label: str, measure: Measure) -> float:
        """The area under a method's curve, mean over the runs."""
        return float(np.trapezoid(self.curves(panel, label, measure).mean(axis=0), self.fraction))

    def difference(self, panel: str, label: str, baseline: str, measure: Measure) -> Difference:
        """The paired difference between two methods of a panel."""
        key = panel, label, baseline, measure
        if key not in self._differences:
            results = self.panels[panel].results
            self._differences[key] = paired_difference(
                results[label],
                results[baseline],
                measure,
                results[self.panels[panel].old],
                self.sampling,
            )
        return self._differences[key]

    @cached_property
    def _curves(self) -> dict[tuple[str, str, Measure], Float64s]:
        return {}

    @cached_property
    def _differences(self) -> dict[tuple[str, str, str, Measure], Difference]:
        return {}

    @property
    def _first(self) -> MethodResult:
        panel = next(iter(self.panels.values()))
        return panel.results[panel.old]

    def _check_alike(self) -> None:
        """Gain and the pairing of queries make sense only between methods measured alike."""
        expected = self._first.curves[0]
        for name, panel in self.panels.items():
            for label, result in panel.results.items():
                for curve in result.curves:
                    what = _unlike(curve, expected)
                    if what:
                        raise InputError(
                            f"report: expected the same {what} in all methods, "
                            f"but {label} differs{self.where(name)}; evaluate it again"
                        )
        if 1 not in expected.hits:
            raise InputError(f"report: expected hits in the top 1, got top {sorted(expected.hits)}")


def _unlike(curve: BackfillCurve, expected: BackfillCurve) -> str | None:
    """In what two curves were measured differently; None if in nothing."""
    if curve.average_precision.shape[0] != expected.average_precision.shape[0]:
        return "number of queries"
    if not np.array_equal(curve.fraction, expected.fraction):
        return "backfill fractions"
    return "top-k" if set(curve.hits) != set(expected.hits) else None
