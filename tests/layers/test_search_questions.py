"""The search on the sample: what people type is among the first three answers, by group."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from api.ops.search import told, words_of_layers
from layers.declare.catalog import Catalog
from layers.features.search import Search
from spatial.actor import ANONYMOUS
from spatial.postgres.db import Database
from spatial.settings import Settings
from tests.layers.search_questions import HELD, Question, read_questions

pytestmark = pytest.mark.db

LEAST = 0.95
NINGBO = (121.55, 29.87)


@pytest.fixture(scope="module")
def answers(sample_url) -> dict[Question, list[dict]]:
    """Return the answers to all questions, of anybody."""
    settings = Settings.from_env({})
    catalog = Catalog.load(settings.areas)
    layers = catalog.list_layers(ANONYMOUS)

    async def ask() -> dict[Question, list[dict]]:
        db = await Database.open(settings, sample_url)
        try:
            search, words = Search(db), words_of_layers(layers)
            found = {}
            for question in read_questions():
                hits = (await search.find(ANONYMOUS, question.text, 10, words)).hits
                found[question] = [told(hit, catalog.layers) for hit in hits]
            return found
        finally:
            await db.close()

    return asyncio.run(ask())


def shares(answers) -> dict[str, float]:
    asked = Counter(question.group for question in answers)
    found = Counter(q.group for q, results in answers.items() if q.is_found(results))
    return {group: found[group] / count for group, count in asked.items()}


def test_the_list_is_long_and_its_held_part_is_apart(answers):
    groups = Counter(question.group for question in answers)
    assert len(answers) >= 200
    assert groups[HELD] == 40
    assert len(groups) >= 10


def test_what_is_meant_is_among_the_first_three(answers):
    missed = [q.text for q, results in answers.items() if not q.is_found(results)]
    assert len(missed) <= (1 - LEAST) * len(answers), missed


def test_so_it_is_in_every_group_and_in_the_held_one(answers):
    assert {group: share for group, share in shares(answers).items() if share < LEAST} == {}


def test_no_port_in_the_water_is_the_best_answer_to_a_district(answers):
    best = {q.text: results[0] for q, results in answers.items() if results}
    for text in ("beilun", "北仑", "Beilun District"):
        assert best[text]["layer"] in {"places", "admin"}
    assert best["北仑港区"]["layer"] == "hubs"


def test_an_answer_tells_kind_and_area(answers):
    best = {q.text: results[0] for q, results in answers.items() if results}
    bridge = best["杭州湾大桥"]
    assert bridge["kind_label"] == {"zh": "桥梁隧道", "en": "Bridges and tunnels"}
    assert bridge["area"]["zh"]
    span = best["G92 K104-K100 往宁波"]
    assert (span["route"], span["carriageway"]) == ("G92", "G92/up/0")
    assert span["length_m"] == pytest.approx(4000, rel=0.02)
    assert span["label"]["zh"].endswith("往宁波")
    assert span["label"]["en"].endswith("towards Ningbo")
