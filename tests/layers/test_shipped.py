"""Every shipped layer answers each filter parameter and each sort order to all who may read it."""

from __future__ import annotations

import asyncio

import pytest

from layers.declare.catalog import Catalog, may_read
from layers.features import features
from layers.query.filters import SORTABLE, parse_query
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import Database
from spatial.settings import Settings

pytestmark = pytest.mark.db

PROVINCE = Actor("province", "admin", "330000")
AREAS = Settings().areas


def questions(relation) -> list[dict[str, str]]:
    found = [{}, {"datetime": "2026-01-01T00:00:00Z/.."}]
    if relation.layer.has_geometry:
        found.append({"bbox": "118,27,123,32"})
    return found + [
        {"sortby": f"-{name}"} for name, typed in relation.names.items() if typed.type in SORTABLE
    ]


async def ask_all(url: str) -> int:
    db = await Database.open(Settings(), url)
    asked = 0
    try:
        for relation in map(Catalog.load(AREAS).get_relation, Catalog.load(AREAS).layers):
            for given in questions(relation):
                query = parse_query(relation, given)
                for actor in (ANONYMOUS, PROVINCE):
                    if not may_read(relation.layer, actor):
                        continue
                    page = await features.read_page(db, relation, actor, query, 1, None)
                    number = await features.count(db, relation, actor, query)
                    assert page.matched == number, (relation.layer.id, given)
                    asked += 1
    finally:
        await db.close()
    return asked


def test_every_layer_answers_every_question(sample_url):
    assert asyncio.run(ask_all(sample_url)) > 200
