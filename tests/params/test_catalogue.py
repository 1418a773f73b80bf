"""Studies own their rows, and build on those of the studies that they use."""

from pathlib import Path

import pytest

from backfill.params.catalogue import names

from .conftest import Files, study

OVERVIEW, LOSSES, FUSION, ARRIVALS = map(study, ("overview", "losses", "fusion", "arrivals"))


def test_the_rows_of_used_studies_are_there_and_no_others(files: Files) -> None:
    catalogue = files.load("fusion").catalogue
    # fusion uses losses, and losses uses overview.
    assert list(catalogue.studies) == ["overview", "losses", "fusion"]
    assert "rm_mcl" in catalogue.transforms
    assert "fusion_mcl" in catalogue.methods
    assert not any(name.startswith("arrivals") for name in catalogue.methods)


def test_every_row_knows_its_file(files: Files) -> None:
    catalogue = files.load("fusion").catalogue
    assert catalogue.file("transforms", "rm_mcl") == LOSSES
    assert catalogue.file("transforms", "rm") == OVERVIEW
    assert catalogue.file("methods", "fusion_mcl") == FUSION


def test_embedding_sets_are_encoders_and_modules(files: Files) -> None:
    assert files.load("overview").catalogue.embedding_sets == [
        "old", "new", "bct", "rm/rho", "rm/psi", "fct/h", "bict/f", "forward/rho", "forward/h",
        "rm_psi/psi", "forward_h/h", "rho/rho", "fct_rho/h", "rho_bct/rho", "bict_rho/f",
    ]  # fmt: skip


def test_an_unknown_study_is_named_with_who_asked_for_it(files: Files) -> None:
    files.set(FUSION, "uses", ["overview", "lossse"])
    (mistake,) = files.mistakes("fusion")
    assert mistake.startswith(f"{FUSION}: uses: expected a study, got 'lossse'; allowed: ablations")
    assert mistake.endswith("did you mean 'losses'?")
    files.set(FUSION, "uses", "losses")
    expected = f"{FUSION}: uses: expected a list of studies, got 'losses'"
    assert files.mistakes("fusion") == [expected]
    files.set(FUSION, "uses", [3])
    assert files.mistakes("fusion")[0].startswith(f"{FUSION}: uses")


@pytest.mark.parametrize("asked", ["losses", "fusion"])
def test_studies_that_use_each_other_are_a_mistake(files: Files, asked: str) -> None:
    files.set(LOSSES, "uses", ["overview", "fusion"])
    (mistake,) = files.mistakes(asked)
    assert "uses: expected studies that do not use each other, got " in mistake
    assert "losses" in mistake
    assert "fusion" in mistake


def test_a_study_that_uses_itself_is_a_mistake(files: Files) -> None:
    files.set(LOSSES, "uses", ["losses"])
    (mistake,) = files.mistakes("losses")
    assert "uses: expected studies that do not use each other, got losses -> losses" in mistake


@pytest.mark.parametrize("section", ["splits", "encoders", "transforms", "orders", "methods"])
def test_a_name_belongs_to_one_study(files: Files, section: str) -> None:
    name, row = next(iter(files.read(OVERVIEW)[section].items()))
    files.set(ARRIVALS, f"{section}.{name}", row)
    expected = f"expected a name of its own, got one of {OVERVIEW}"
    assert f"{ARRIVALS}: {section}.{name}: {expected}" in files.mistakes()
    # Whichever is read first owns it.
    assert f"{ARRIVALS}: {section}.{name}: {expected}" in files.mistakes("arrivals")


def test_panels_are_of_the_methods_own_study(files: Files) -> None:
    files.set(ARRIVALS, "methods.arrivals_rm.panel", "hot_refresh")
    (mistake,) = files.mistakes()
    expected = "expected a panel of this study, got 'hot_refresh'; allowed: all"
    assert mistake.startswith(f"{ARRIVALS}: methods.arrivals_rm.panel: {expected}")


def test_a_panel_shows_its_references_its_own_methods_and_guests(files: Files) -> None:
    losses = files.load("losses").catalogue.studies["losses"]
    assert losses.rows_of("all") == {
        "old": "old", "new": "new", "rm_rqt": "rm_rqt", "rm_cl": "rm_cl", "rm_mcl": "rm_mcl",
        "rm_naive": "rm_naive", "rm": "rm",
    }  # fmt: skip
    arrivals = files.load("arrivals").catalogue.studies["arrivals"]
    assert list(arrivals.rows_of("all")) == [
        "old", "new", "rm_naive", "background_nearest", "rm", "forward",
    ]  # fmt: skip
    assert arrivals.rows_of("all")["old"] == "arrivals_old"


def test_a_guest_is_a_method(files: Files) -> None:
    files.set(LOSSES, "panels.all.shows.x", "nope")
    (mistake,) = files.mistakes("losses")
    assert mistake.startswith(f"{LOSSES}: panels.all.shows.x: expected a method, got 'nope'")


def test_a_file_whose_name_is_not_a_study_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    for name in ("fine", "x; touch PWNED", "Upper", "9lives"):
        (tmp_path / "studies" / f"{name}.yaml").write_text("question: Why?\n")
    assert names(tmp_path) == ["fine"]
