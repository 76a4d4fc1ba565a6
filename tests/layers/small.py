"""Two small layers with known rows, for tests of declarations, filters and features."""

from __future__ import annotations

from pathlib import Path

import psycopg

AREA = 'title = {zh = "港航", en = "Ports"}\norder = 1\n'

PORTS = """
id = "ports"
title = {zh = "港口", en = "Ports"}
description = {zh = "海港", en = "Sea ports"}
order = 10
visible = true
[source]
table = "facility"
kinds = ["port"]
[geometry]
type = "point"
[access]
public = true
[time]
field = "valid_from"
end = "valid_to"
[[columns]]
name = "name_zh"
title = {zh = "名称", en = "Name"}
type = "text"
[[columns]]
name = "capacity"
title = {zh = "能力", en = "Capacity"}
type = "number"
unit = "t"
[[columns]]
name = "since"
column = "valid_from"
title = {zh = "自", en = "Since"}
type = "datetime"
[[columns]]
name = "depth_m"
path = "props.depth_m"
title = {zh = "水深", en = "Depth"}
type = "number"
unit = "m"
[[columns]]
name = "berths"
path = "props.berths"
title = {zh = "泊位", en = "Berths"}
type = "int"
"""

ROADS = """
id = "roads"
title = {zh = "道路", en = "Roads"}
description = {zh = "路段", en = "Road segments"}
[source]
table = "edge"
filter = "mode = 'road'"
[geometry]
type = "line"
[access]
public = true
[[columns]]
name = "class"
title = {zh = "等级", en = "Class"}
type = "text"
[[columns]]
name = "max_height_m"
title = {zh = "限高", en = "Height limit"}
type = "number"
unit = "m"
"""

CASES = """
id = "cases"
title = {zh = "案件", en = "Cases"}
description = {zh = "案件", en = "Case files"}
[source]
table = "case_file"
[geometry]
type = "mixed"
[access]
export = false
[[columns]]
name = "workflow"
title = {zh = "流程", en = "Workflow"}
type = "text"
"""

SEED = """
INSERT INTO sigang.source (id, title_zh, title_en, license, license_url, attribution)
VALUES ('test', '测试 <b>', 'Test <b>', 'CC0-1.0', 'https://example.org/cc0', 'Tester & "co"');
INSERT INTO sigang.facility (kind, admin_code, unit_id, visibility, origin, source_id, name_zh,
  capacity, props, geom, valid_from, valid_to)
SELECT 'port', CASE WHEN i % 3 = 0 THEN '330200' ELSE '330900' END, 'u' || (i % 4),
  (ARRAY['public', 'unit', 'province', 'public'])[1 + i % 4], 'synthetic', 'test',
  CASE WHEN i % 5 <> 0 THEN '港''"<' || (i % 7) END, CASE WHEN i % 7 <> 0 THEN i % 10 END,
  jsonb_build_object('depth_m', i / 10.0, 'berths', i % 6, 'secret', 'never'),
  ST_SetSRID(ST_MakePoint(120 + i * 0.02, 29 + i * 0.02), 4326),
  CASE WHEN i % 2 = 0 THEN '2026-01-01T00:00:00+08:00'::timestamptz + i * interval '1 day' END,
  CASE WHEN i % 4 = 0 THEN '2026-06-01T00:00:00+08:00'::timestamptz END
FROM generate_series(1, 120) i;
INSERT INTO sigang.facility (kind, visibility, origin, source_id, geom)
VALUES ('airport', 'public', 'real', 'test', ST_SetSRID(ST_MakePoint(120, 30), 4326));
INSERT INTO sigang.edge (kind, mode, class, from_node, to_node, length_m, max_height_m, visibility,
  origin, source_id, geom)
SELECT 'road', CASE WHEN i % 5 = 0 THEN 'rail' ELSE 'road' END, 'primary', gen_random_uuid(),
  gen_random_uuid(), 100, CASE WHEN i % 2 = 0 THEN 4.2 END, 'public', 'synthetic', 'test',
  ST_SetSRID(ST_MakeLine(ST_MakePoint(120 + i * 0.02, 29), ST_MakePoint(120.1, 30 + i * 0.01)),
    4326)
FROM generate_series(1, 50) i;
INSERT INTO sigang.case_file (kind, admin_code, visibility, origin, source_id, workflow, stage,
  opened_at, geom)
SELECT 'case', '330200', 'unit', 'synthetic', 'test', 'w', 's', now(),
  ST_SetSRID(ST_MakePoint(121.5, 29.9), 4326) FROM generate_series(1, 4) i;
"""


def write_areas(folder: Path) -> Path:
    """Write the layers as one area and return the folder of areas."""
    area = folder / "port"
    area.mkdir(parents=True)
    (area / "area.toml").write_text(AREA, encoding="utf-8")
    for name, text in (("ports", PORTS), ("roads", ROADS), ("cases", CASES)):
        (area / f"{name}.layer.toml").write_text(text, encoding="utf-8")
    return folder


def seed(conn: psycopg.Connection) -> None:
    """Insert the rows."""
    conn.execute(SEED)
    conn.commit()
