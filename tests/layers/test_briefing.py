"""The briefing: what it shows, and that nothing in it can become script."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import orjson
import pytest

from layers.processes.airspace.briefing import deck_json, shown_in
from layers.processes.airspace.briefing_page import page, policy
from layers.processes.airspace.briefing_words import Words
from spatial.errors import TooComplex
from tests.layers.briefed import BOX, HOSTILE, MOMENT, air, briefed


def test_nothing_in_it_can_become_script():
    text, plain = briefed(HOSTILE), briefed(())
    for opening in ("<script", "</script", "<!--"):
        assert text.count(opening) == plain.count(opening)
    assert "<img" not in text
    assert "\u2028" not in text.split('id="picture">')[1].split("</script>")[0]
    assert "unsafe" not in policy()
    assert "http" not in re.sub(r"<script>.*?</script>", "", text, flags=re.S).replace(
        "http-equiv", ""
    )


def test_names_are_shown_as_they_are():
    picture = briefed(HOSTILE).split('id="picture">')[1].split("</script>")[0]
    layers = {layer["id"]: layer for layer in orjson.loads(picture)["layers"]}
    names = [one["name"] for one in layers["zones"]["data"]]
    assert all(any(hostile in name for name in names) for hostile in HOSTILE)
    assert not any(name.startswith("@@") for name in names)


def test_it_shows_what_is_in_force_there_and_then():
    shown = shown_in(air(), BOX, MOMENT)
    assert 0 < len(shown.zones) < len(air().known.zones)
    assert all(zone.end is None or zone.end > MOMENT for zone in shown.zones)
    assert (shown.tops_m > shown.bases_m).all()
    assert shown_in(air(), (100.0, 20.0, 101.0, 21.0), MOMENT).zones == ()


def test_it_says_what_it_stands_on():
    words, shown = Words("zh", air().rules), shown_in(air(), BOX, MOMENT)
    assert words.marks(air(), shown, None) == [
        "含合成数据", "不可用于航行", "未取得审图号，不得公开使用",
    ]  # fmt: skip
    facts = dict(words.facts(air(), shown, BOX, MOMENT, ["某来源"]))
    assert facts["数据来源"] == "某来源"
    assert "军事" in facts["未加载的地面管制类别"]
    assert "不是飞行批准" in facts["说明"]
    assert Words("en", air().rules).marks(air(), shown, "GS(2026)1") == [
        "Holds synthetic data", "Not for navigation", "GS(2026)1",
    ]  # fmt: skip


def test_too_many_zones_are_refused(monkeypatch):
    monkeypatch.setattr("layers.processes.airspace.briefing.MOST_ZONES", 2)
    with pytest.raises(TooComplex) as caught:
        shown_in(air(), BOX, MOMENT)
    assert caught.value.extra["parameter"] == "bbox"


def test_a_picture_without_zones_is_one():
    empty = (118.0, 28.0, 118.2, 28.2)
    shown = shown_in(air(), empty, datetime(2026, 6, 1, tzinfo=UTC))
    words = Words("en", air().rules)
    text = page("t", "en", [], deck_json(shown, empty, []), [], words.table(shown))
    assert "createDeck" in text
