"""A small province with reports: hazards of all visibilities, cases that concern persons."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from psycopg.types.json import Jsonb

from api.network.rule_models import GATHERED
from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.indicators.periods import parse_period
from layers.reports.catalogue import read_reports
from layers.reports.fonts import unpacked_fonts
from layers.reports.freeze import Ground, Order
from layers.reports.keys import signing_key
from layers.reports.render_pdf import Press
from spatial.postgres.db import connect
from tests.harness import HOME_VARIABLE
from tests.layers.small import AREA
from tests.layers.test_indicator_cells import ROWS
from tests.layers.test_indicator_values import DECLARED, LAYER, SOURCE, UNITS

assert GATHERED  # the models of all rules are registered
TEXT = '{ zh = "数", en = "Number" }'
INDEX = f"""
[[indicator]]
id = "cases"
title = {TEXT}
layer = "cases"
time = {{ flow = "due_on" }}
numerator = {{ where = "severity = 'high'" }}
denominator = {{}}
k = 5
scale = 100
better = "higher"

[[index]]
id = "whole"
title = {TEXT}
parts = {{ closed = "closed_on_time", cases = "cases" }}
rule = "safety.index.whole"
"""
CASES = LAYER.replace('"hazards"', '"cases"').replace('kinds = ["hazard"]', 'kinds = ["incident"]')
CASES = CASES.replace("{ public = true }", '{ sensitive = true, roles = ["dispatcher", "duty"] }')
WEEKLY = f"""
title = {TEXT}
period = "week"

[[items]]
indicator = "whole"
map = true
ranking = true

[[items]]
indicator = "closed_on_time"
map = true
top = 2
interval = true

[[items]]
indicator = "open"

[[items]]
indicator = "cost"
"""
RULES = """
[[rule]]
key = "office.report_clock"
version = "1"
source = "test"
origin = "schematic"
valid_from = 2020-01-01T00:00:00Z
[rule.value]
week = { day = 1, hour = 8, back = 3, late_h = 24 }
month = { day = 1, hour = 8, back = 2, late_h = 24 }

[[rule]]
key = "safety.index.whole"
version = "1"
source = "test"
origin = "schematic"
valid_from = 2020-01-01T00:00:00Z
[rule.value]
weights = { closed = 0.6, cases = 0.4 }
vetoes = [{ indicator = "overdue", above = 9, cap = 60 }]
missing = "reweigh"

[[rule]]
key = "law.heat_interval"
version = "1"
source = "test"
origin = "schematic"
valid_from = 2020-01-01T00:00:00Z
value = { level = 0.9 }

[[rule]]
key = "office.ranking"
version = "1"
source = "test"
origin = "schematic"
valid_from = 2020-01-01T00:00:00Z
[rule.value]
ties = "dense"
"""
RULE = """
INSERT INTO sigang.rule (key, version, value, source, origin, valid_from)
VALUES (%s, '1', %s, 'test', 'schematic', '2020-01-01T00:00:00Z')"""
ZONE = """
INSERT INTO sigang.zone (kind, admin_code, name_zh, name_en, visibility, origin, source_id, geom)
SELECT %s, %s, %s, %s, 'public', 'synthetic', 't',
  ST_Multi(ST_MakeEnvelope(a, 29, a + 0.4, 30, 4326))
FROM (SELECT 119 + %s::int %% 10 * 0.5 AS a) x"""
WEEK = parse_period("2025-W20")
STRETCHES = """
INSERT INTO sigang.derived_row (id, kind, key, admin_code, visibility, origin, source_id,
  valid_from, props, rule_version, run, inputs_digest)
SELECT gen_random_uuid(), 'stretches', k, k, 'unit', 'synthetic', 't', '2025-05-26T00:00:00Z',
  jsonb_build_object('state', s, 'rate', r, 'name', jsonb_build_object('zh', z, 'en', e)),
  'a@1', gen_random_uuid(), ''
FROM (VALUES ('330203', 'hot', 0.25, '甲', 'A'), ('330206', 'hot', 1.0 / 3, '乙', 'B'),
  ('330200', 'cold', 0.01, '丙', 'C')) v (k, s, r, z, e)"""


def listing(layer: str, order: str) -> dict[str, str]:
    """Return the files of a computed layer, and of a report that lists rows of a layer."""
    stretches = f"""
id = "stretches"
title = {TEXT}
description = {TEXT}
source = {{ table = "derived_row", kinds = ["stretches"] }}
geometry = {{ type = "line" }}
access = {{ roles = ["dispatcher", "duty"] }}
columns = [
  {{ name = "name", type = "text", title = {TEXT}, path = "props.name" }},
  {{ name = "state", type = "text", title = {TEXT}, path = "props.state" }},
  {{ name = "rate", type = "number", title = {TEXT}, path = "props.rate" }},
]
[computed]
process = "none"
output = "cells"
stands_on = ["hazards"]
"""
    lists = f"""
[[lists]]
layer = "{layer}"
only = {{ state = "hot" }}
order = "{order}"
columns = ["name", "rate"]
"""
    return {"stretches.layer.toml": stretches, "listing.report.toml": WEEKLY + lists}


def declare(folder: Path, **others: str) -> Catalog:
    """Write and read the declarations; others by the name of their file."""
    area = folder / "safety"
    area.mkdir(parents=True)
    files = {
        "area.toml": AREA,
        "hazards.layer.toml": LAYER,
        "cases.layer.toml": CASES,
        "rules.rule.toml": RULES,
        "numbers.indicator.toml": DECLARED + INDEX,
        "weekly.report.toml": WEEKLY,
        "monthly.report.toml": WEEKLY.replace('"week"', '"month"'),
        **others,
    }
    for name, text in files.items():
        (area / name).write_text(text, encoding="utf-8")
    return Catalog.load(folder, read_indicators, read_reports)


def fill(url: str) -> None:
    """Write units, rules and rows."""
    with connect(url) as conn:
        conn.execute(SOURCE)
        for number, (code, level, zh, en) in enumerate(UNITS):
            conn.execute(ZONE, [level, code, zh, en, number])
        conn.execute(ROWS)
        conn.execute(ROWS.replace("'hazard'", "'incident'"))
        for rule in tomllib.loads(RULES)["rule"]:
            conn.execute(RULE, [rule["key"], Jsonb(rule["value"])])
        conn.commit()


def ground(url: str, catalog: Catalog) -> Ground:
    """Return what reports are frozen with; fonts and key are the run's."""
    home = Path(os.environ[HOME_VARIABLE])
    return Ground(url, catalog, Press(unpacked_fonts(home)), signing_key(home), "GS(2026)1号")


def order(report: str = "weekly", period=WEEK, **how: object) -> Order:
    """Return an order of a period."""
    return Order(report, period, "tester", **how)
