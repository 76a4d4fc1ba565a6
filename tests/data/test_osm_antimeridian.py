"""Ways across ±180°: one drive over it, from places on either side."""

from pathlib import Path

import numpy as np
import psycopg
import pytest

from data.osm.load import load_osm
from routing.query.leg import line
from routing.query.model import PathQuery
from tests.data.osm_maps import Map
from tests.data.test_osm_routing import Asked
from tests.routing.maps import NOW

pytestmark = pytest.mark.db

WEST, EAST = (179.998, 10.0), (-179.998, 10.0)  # 438 m from each other


@pytest.mark.parametrize("ends", [(WEST, EAST), (EAST, WEST)])
def test_a_drive_leads_over_the_antimeridian(
    conn: psycopg.Connection,
    database_url: str,
    tmp_path: Path,
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    drawn = Map(" abcdef")
    drawn.origin = (179.9965, 9.999)
    drawn.way("abcdef", 7, highway="primary")
    load_osm(conn, drawn.write(tmp_path / "map.osm.pbf"), "test", lambda line: None)
    conn.commit()
    roads = Asked(drawn, database_url).network
    found = roads.path(PathQuery("car", list(ends)), NOW)
    (leg,) = found.legs
    assert max(leg.source.distance_m, leg.target.distance_m) < 1
    assert found.sums()[0] == pytest.approx(438, abs=2)
    lon = line(roads.graph, leg)[:, 0]
    assert np.abs(lon).min() > 179.99
    assert np.count_nonzero(np.abs(np.diff(lon)) > 180) == 1  # from 180 to -180, the same place
