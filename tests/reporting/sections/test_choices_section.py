from dataclasses import replace

import pytest
from simulated import as_panel, as_study, at_levels

from backfill.reporting.sections import sections
from backfill.reporting.sections.choices import choices
from backfill.reporting.study import Choice, Study

HELD_OUT = "glyphs, validation_images"
TEMPERATURE = Choice("transform.temperature", 0.2, [0.1, 0.2, 0.5], HELD_OUT, "AUC_mAP of rm")
MINING = Choice("transform.mining", "true", ["true", "false"], HELD_OUT, "AUC_mAP of rm")


@pytest.fixture
def study() -> Study:
    levels = {"old": 0.1, "new": 0.9, "rm": 0.5}
    return as_study(
        {"all": as_panel({k: at_levels(v, v, v, queries=20) for k, v in levels.items()})}
    )


def caption(study: Study) -> str:
    (found,) = (section for section in sections(study) if section.id == "table")
    return found.caption


def test_a_report_says_what_was_chosen_where_and_out_of_how_many(study: Study) -> None:
    both = replace(study, choices=[TEMPERATURE, MINING])
    expected = "2 settings were chosen among 5 values, on glyphs, validation_images; none on"
    assert expected in caption(both)
    found = choices(both)
    assert found is not None
    assert found.tables[0].rows[0] == [
        "transform.temperature", "0.2", "0.1, 0.2, 0.5", HELD_OUT, "AUC_mAP of rm",
    ]  # fmt: skip


def test_a_report_on_what_was_chosen_on_admits_it(study: Study) -> None:
    same = replace(study, dataset=HELD_OUT, choices=[TEMPERATURE])
    assert "1 setting was chosen among 3 values" in caption(same)
    assert caption(same).endswith("some of them on the queries shown here.")


def test_without_choices_there_is_nothing_to_say(study: Study) -> None:
    assert choices(study) is None
    assert "chosen" not in caption(study)
