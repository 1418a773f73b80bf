"""Rows: systems in short, overrides of what all share, and sizes by dataset."""

import pytest

from backfill.params.base import SystemSets

from .conftest import PARAMS, Files, study

OVERVIEW, FORWARD = study("overview"), study("forward")
VIT = {
    "family": "vit", "image_size": 32, "patch": 4, "depth": 1, "width": 8, "heads": 2,
    "embedding_dim": 64,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "query", "gallery", "short"),
    [
        ("rm/psi -> old", "rm/psi", "old", "rm/psi -> old"),
        ("rm/psi->old", "rm/psi", "old", "rm/psi -> old"),
        ("old", "old", "old", "old"),
        ("old -> old", "old", "old", "old"),
    ],
)
def test_a_system_is_a_query_and_a_gallery(
    files: Files, text: str, query: str, gallery: str, short: str
) -> None:
    files.set(OVERVIEW, "methods.rm.before", text)
    found = files.load("overview").catalogue.methods["rm"].before
    assert found == SystemSets(query=query, gallery=gallery)
    assert str(found) == short


@pytest.mark.parametrize("text", ["-> old", "rm/psi ->", "", "->"])
def test_half_a_system_is_a_mistake(files: Files, text: str) -> None:
    files.set(OVERVIEW, "methods.rm.before", text)
    expected = f"expected 'query -> gallery' or one name for both, got {text!r}"
    assert files.mistakes("overview") == [f"{OVERVIEW}: methods.rm.before: {expected}"]


@pytest.mark.parametrize("side", ["query", "gallery"])
def test_both_sides_of_a_system_are_made_by_rows(files: Files, side: str) -> None:
    text = {"query": "rm/phi -> old", "gallery": "old -> rm/phi"}[side]
    files.set(OVERVIEW, "methods.rm.before", text)
    (mistake,) = files.mistakes("overview")
    key = f"{OVERVIEW}: methods.rm.before.{side}"
    assert mistake.startswith(f"{key}: expected an embedding set, got 'rm/phi'")
    assert mistake.endswith("did you mean 'rm/psi'?")


def test_a_row_overrides_what_all_encoders_share(files: Files) -> None:
    own = {"network": VIT, "epochs": 7, "learning_rate": 0.01}
    for key, value in own.items():
        files.set(OVERVIEW, f"encoders.new.{key}", value)
    files.set(OVERVIEW, "encoders.bct.network", files.read(PARAMS)["train"]["network"])
    params, catalogue = files.load("overview")
    new, old, bct = (catalogue.encoders[n].training(params.train) for n in ("new", "old", "bct"))
    assert (new.network.family, new.epochs, new.learning_rate) == ("vit", 7, 0.01)
    assert new.batch_size == old.batch_size
    assert old == bct == params.train


def test_a_row_overrides_what_all_transforms_share(files: Files) -> None:
    params, catalogue = files.load("forward")
    own, shared = (
        catalogue.transforms[n].training(params.transform)
        for n in ("forward_temperature_005", "forward")
    )
    assert shared == params.transform
    assert own == shared.model_copy(update={"temperature": 0.05})


def test_a_merge_is_a_name_or_a_name_with_settings(files: Files) -> None:
    fusion = study("fusion")
    files.set(fusion, "methods.fusion_isotonic.merge", {"kind": "isotonic", "seed": 3})
    methods = files.load("fusion").catalogue.methods
    assert methods["fusion_logistic"].merge.model_dump() == {"kind": "logistic", "seed": 0}
    assert methods["fusion_isotonic"].merge.model_dump() == {"kind": "isotonic", "seed": 3}
    assert methods["rm"].merge.model_dump() == {"kind": "distance"}


def test_a_study_sizes_its_rows_for_a_dataset(files: Files) -> None:
    files.set(FORWARD, "sized.glyphs.encoders.side", {"epochs": 9})
    assert files.load("forward").catalogue.encoders["side"].epochs == 9
    temperature = files.read(FORWARD)["encoders"]["side"]["temperature"]
    assert files.load("forward").catalogue.encoders["side"].temperature == temperature
    # Of another dataset, or at the published size, the row is as it stands.
    files.set(PARAMS, "scale", "paper")
    assert files.load("forward").catalogue.encoders["side"].epochs is None
    files.set(PARAMS, "scale", "cpu")
    files.set(PARAMS, "dataset", {"name": "digits"})
    assert files.load("forward").catalogue.encoders["side"].epochs is None


def test_what_is_like_a_sized_row_has_its_size(files: Files) -> None:
    files.set(FORWARD, "sized.glyphs.encoders.side", {"epochs": 9})
    files.set(FORWARD, "encoders.other", {"like": "side", "seeds": [5]})
    assert files.load("forward").catalogue.encoders["other"].epochs == 9


def test_a_mistake_in_a_size_is_named(files: Files) -> None:
    files.set(FORWARD, "sized.glyphs.encoders.side", {"epohcs": 9})
    (mistake,) = files.mistakes("forward")
    assert mistake.startswith(f"{FORWARD}: encoders.side.epohcs: unknown key")
    assert mistake.endswith("did you mean 'epochs'?")
