"""The page of a forecast: what it says, and that nothing in it does more than say it."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from handmade import FRACTIONS, HOSTILE, forecast, method, value

from backfill.forecast.outcome import Cost, Decision, Forecast, Shown
from backfill.forecast.page import html, write

VOID = {"meta", "link", "br", "line", "polyline", "polygon", "circle"}


class Page(HTMLParser):
    """Text and elements of a page; fails where one ends that has not begun."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.targets: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.targets += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text_of(of: Forecast) -> str:
    return Page(html(of)).text


@pytest.mark.parametrize("judged", [False, True])
def test_elements_are_nested_ids_are_unique_and_links_lead_somewhere(judged: bool) -> None:
    page = Page(html(forecast(judged=judged, stand_ins=not judged)))
    assert len(set(page.ids)) == len(page.ids)
    assert page.targets
    assert {target.removeprefix("#") for target in page.targets} <= set(page.ids)


@pytest.mark.parametrize("judged", [False, True])
def test_the_page_asks_nothing_of_the_network_and_runs_nothing(judged: bool) -> None:
    text = html(forecast(judged=judged))
    assert "default-src 'none'" in text
    assert not re.findall(r"https?:|\bsrc=|url\(|@import|<link|<script", text)
    assert not {"script", "img", "iframe", "object", "form"} & set(Page(text).elements)


def test_texts_and_names_of_users_stay_texts() -> None:
    shown = Shown(query=HOSTILE, before=[HOSTILE], after=[HOSTILE, HOSTILE], known=[True, False])
    decision = forecast().decision.model_copy(update={"headline": HOSTILE, "reasons": [HOSTILE]})
    measures = ("overlap@10", "kept@100")
    named = method(HOSTILE, 0.7, measures, title=HOSTILE)
    of = forecast(
        folder=HOSTILE, notes=[HOSTILE], shown=[shown], decision=decision,
        methods=[*forecast().methods, named], cosine={HOSTILE: 0.5},
    )  # fmt: skip
    page = Page(html(of))
    assert "script" not in page.elements
    assert "onload" not in {name for name, _ in page.attributes}
    assert page.text.count(HOSTILE.strip()) >= 8


def test_half_a_surrogate_pair_does_not_stop_it(tmp_path: Path) -> None:
    written = write(forecast(folder="\ud800"), tmp_path / "forecast.html")
    assert "Forecast of" in written.read_text(encoding="utf-8")


def test_the_decision_comes_first_then_the_curve_the_queries_and_the_rest() -> None:
    text = text_of(forecast())
    order = [
        "Switch now: mix.", "It starts above the old system.", "1,250 of 5,000 items",
        "What people get while", "Queries whose results change most", "All the rest",
        "Every method", "In which order", "A cascade", "Other measures", "What the rest costs",
        "How well the new space can be had", "How it was estimated", "were taken to be row numbers",
    ]  # fmt: skip
    at = 0
    for each in order:
        at = text.index(each, at)


def test_without_judgements_nobody_can_know_and_the_page_says_what_to_do() -> None:
    text = text_of(forecast())
    assert "Nobody can know without judgements" in text
    assert "backfill judge vectors" in text
    assert "known_item_queries" in text
    assert "It says how near the results are, not how good" in text
    assert "new model: " not in text  # 100 by its definition, no level to aim at
    assert "Gain" not in text


def test_with_judgements_there_are_the_new_level_and_gains() -> None:
    text = text_of(forecast(judged=True))
    assert "Nobody can know" not in text
    assert "new model: 90.0" in text
    assert "old model: 50.0" in text
    assert "96%" in text
    assert "AP@100" in text


def test_stand_ins_are_said_plainly() -> None:
    assert "There were no queries 321 items of the gallery stand in" in text_of(
        forecast(stand_ins=True)
    )
    assert "Queries come first" in text_of(forecast(stand_ins=True))
    assert "There were no queries" not in text_of(forecast())
    assert "Queries come first" not in text_of(forecast())


def test_why_a_method_is_not_eligible() -> None:
    text = text_of(forecast())
    assert "no: starts below −10.0 points" in text
    assert "no: falls −8.0 points, 25% to 50%" in text
    assert text.count("yes, recommended") == 1


def test_nothing_is_recommended_where_the_old_model_is_kept() -> None:
    keep = forecast().decision.model_copy(update={"verdict": "keep", "headline": "Keep."})
    text = text_of(forecast(judged=True, decision=keep))
    assert "yes, recommended" not in text
    assert "what a switch would do all the same" in text


def test_what_is_completed_is_marked_and_explained() -> None:
    text = text_of(forecast())
    assert "completed where is it" in text
    assert "completed a card is found" not in text
    assert text.count("in both a card is found") == 2
    known = [forecast().shown[0].model_copy(update={"known": [True, True]})]
    assert "completed " not in text_of(forecast(shown=known)).partition("All the rest")[0]


def test_where_the_gallery_is_and_where_to_switch() -> None:
    wait = Decision(
        verdict="wait", headline="Wait.", reasons=[], method="mix", order="random", after=0.5
    )
    text = text_of(forecast(decision=wait, here=0.0002))
    assert "you are here: 0.02%" in text
    assert "switch here: 50%" in text


def test_what_is_not_known_of_the_cost() -> None:
    text = text_of(forecast())
    assert "3,750 of 5,000 wait" in text
    assert "not known: give items per second with --rate" in text
    assert "not known: give the price of a thousand with --price" in text
    assert "15.4 MB" in text
    known = text_of(forecast(cost=Cost(items=3750, seconds=7500, money=12.5, disk=999)))
    assert "not known" not in known
    assert "2.1 hours" in known
    assert "12.50" in known
    assert "999 bytes" in known


def test_what_a_larger_sample_would_add() -> None:
    assert "about as much again (0.039), or less" in text_of(forecast())
    assert "next to nothing" in text_of(forecast(half_cosine=0.7519))
    assert "no larger sample" in text_of(forecast(here=1.0))


def test_a_page_without_queries_to_show_or_other_measures() -> None:
    plain = [method("mix", 0.7, ("overlap@10",))]
    text = text_of(forecast(shown=[], methods=plain, notes=[], asked=0, cosine={}))
    assert "results change most" not in text
    assert "Other measures" not in text
    assert "Assumed" not in text


def test_a_flat_curve_is_drawn() -> None:
    flat = [value(0.5, 0)] * len(FRACTIONS)
    same = [method("mix", 0.5, (), curves={"overlap@10": flat}, area={"overlap@10": value(0.5)})]
    assert "polyline" in html(forecast(methods=same))


def test_the_page_is_written_whole_and_the_same_each_time(tmp_path: Path) -> None:
    first = write(forecast(), tmp_path / "a.html")
    second = write(forecast(), tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_templates_and_styles_are_in_the_package() -> None:
    import backfill.forecast.page as package

    assert package.__file__ is not None
    folder = Path(package.__file__).parent
    assert {path.suffix for path in folder.iterdir()} >= {".jinja", ".css"}
    assert shutil.which("backfill")
