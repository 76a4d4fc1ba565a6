import pytest

from data.osm import values
from data.osm.access import not_understood
from data.osm.tags import edge_tags, way_kind
from data.osm.turns import admitted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48.28032),
        ("10 knots", 18.52),
        ("80;100", 80),
        ("CN:urban", 50),
        ("CH:motorway", 120),
        ("DE:zone:30", 30),
        ("zone30", 30),
        ("none", None),
        ("signals", None),
        ("XX:urban", None),
        ("DE:motorway", None),
        ("walk", 7),
        ("0", None),
        ("50;none", None),
        ("", None),
        (None, None),
    ],
)
def test_speeds(text: str | None, expected: float | None) -> None:
    assert values.speed_kmh(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4.5", 4.5),
        ("4,5 m", 4.5),
        ("450 cm", 4.5),
        ("14'6\"", 4.4196),
        ("14 ft", 4.2672),
        ("12'-6\"", 3.81),
        ("13'6''", 4.1148),
        ("12 feet 6 inches", 3.81),
        ("3.5 meters", 3.5),
        ("3.5米", 3.5),
        ("about 3", None),
        ("default", None),
        ("none", None),
        ("below_default", None),
        (None, None),
    ],
)
def test_lengths(text: str | None, expected: float | None) -> None:
    assert values.length_m(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.5", 7.5),
        ("7500 kg", 7.5),
        ("10 st", 9.0718474),
        ("40000 lbs", 18.1436949),
        ("x", None),
        ("15 tons", 13.6077711),
        ("80,000 lbs", 36.2873896),
        ("3 tonnes", 3),
        ("10吨", 10),
    ],
)
def test_masses(text: str, expected: float | None) -> None:
    assert values.mass_t(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:35", 35 / 60),
        ("1:30", 1.5),
        ("00:02:30", 1 / 24),
        ("PT45M", 0.75),
        ("PT2M30S", 1 / 24),
        ("P1DT2H", 26),
        ("20", 1 / 3),
        ("45 min", 0.75),
        ("P", None),
        ("soon", None),
        (None, None),
    ],
)
def test_durations(text: str | None, expected: float | None) -> None:
    assert values.duration_h(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tags", "oneway", "reverse"),
    [
        ({}, False, False),
        ({"oneway": "yes"}, True, False),
        ({"oneway": "-1"}, True, True),
        ({"oneway": "no"}, False, False),
        ({"junction": "roundabout"}, True, False),
        ({"junction": "roundabout", "oneway": "no"}, False, False),
        ({"highway": "motorway"}, True, False),
        ({"highway": "motorway_link"}, False, False),
        ({"oneway": " Yes"}, True, False),
        ({"oneway": "sometimes"}, True, False),
    ],
)
def test_directions(tags: dict[str, str], oneway: bool, reverse: bool) -> None:
    edge = edge_tags({"highway": "primary", **tags})
    assert edge is not None
    assert (edge.oneway, edge.reverse) == (oneway, reverse)


def test_a_way_against_its_nodes_has_its_limits_turned_round() -> None:
    edge = edge_tags(
        {"highway": "primary", "oneway": "-1", "maxspeed:backward": "50", "maxspeed:forward": "x",
         "maxheight:backward": "3.2", "maxheight:backward:conditional": "3 @ snow"}
    )  # fmt: skip
    assert edge is not None
    assert (edge.speed_kmh, edge.access) == (
        50,
        {"maxspeed:forward": 50, "limit:max_height_m:forward": 3.2,
         "limit:max_height_m:forward@snow": 3.0},
    )  # fmt: skip


def test_a_reversible_road_is_closed_to_motor_vehicles() -> None:
    edge = edge_tags({"highway": "primary", "oneway": "reversible"})
    assert edge is not None
    assert edge.access == {"motor_vehicle": "no"}
    assert edge.props["oneway"] == "reversible"


def test_limits_are_the_lowest_that_a_way_states() -> None:
    edge = edge_tags(
        {
            "highway": "primary",
            "maxheight": "default",
            "maxheight:physical": "4.2",
            "maxweight:forward": "20",
            "maxweight:backward": "18 t",
            "maxaxleload": "10",
            "maxwidth": "2.5",
            "maxlength": "12",
        }
    )
    assert edge is not None
    assert edge.limits == (4.2, 2.5, 12.0, None, 10.0)
    assert edge.access == {"limit:max_mass_t:forward": 20.0, "limit:max_mass_t:backward": 18.0}
    assert edge.limits_known


@pytest.mark.parametrize(
    ("tags", "limited"),
    [
        ({"maxweight:hgv": "7.5"}, {"limit:max_mass_t:hgv": 7.5}),
        ({"maxheight": "below_default"}, {"limit:max_height_m": "below_default"}),
        (
            {"maxweightrating:hgv:conditional": "3.5 @ (22:00-06:00)"},
            {"limit:max_mass_t:hgv@22:00-06:00": 3.5},
        ),
        (
            {"maxheight": "4.0", "maxheight:forward": "3.2"},
            {"limit:max_height_m:backward": 4.0, "limit:max_height_m:forward": 3.2},
        ),
        ({"maxweight:backward:conditional": "x @ snow"}, {"limit:max_mass_t:backward@snow": "x"}),
        (
            {"hgv:forward:conditional": "no @ (weight>7.5 AND 22:00-06:00)"},
            {"limit:max_mass_t:hgv:forward@22:00-06:00": 7.5},
        ),
        (
            {"motor_vehicle:conditional": "destination @ (weight>3.5)"},
            {
                "hgv:conditional": "destination @ (weight>3.5)",
                "bus:conditional": "destination @ (weight>3.5)",
            },
        ),
        (
            {"motor_vehicle:conditional": "agricultural @ (weight>3.5)"},
            {"limit:max_mass_t:motor_vehicle": 3.5},
        ),
        ({"hgv:conditional": "no @ (weight>=7.5)"}, {"limit:max_mass_t:hgv": 7.499}),
        ({"maxweight:caravan": "3", "maxheight:note": "low"}, {}),
        ({"maxspeed:hgv": "60"}, {"maxspeed:hgv": 60}),
        ({"maxspeed:forward:hgv": "30 mph"}, {"maxspeed:hgv:forward": 48.28032}),
        (
            {"maxspeed:conditional": "none @ (22:00-06:00); 20 mph @ (Mo-Fr; Su); slow @ wet"},
            {"maxspeed:conditional": "130 @ (22:00-06:00); 32.1869 @ (Mo-Fr; Su)"},
        ),
        (
            {"hgv:conditional": "no @ (weight>7.5)", "maxweight:hgv": "30"},
            {"limit:max_mass_t:hgv": 7.5},
        ),
    ],
)
def test_limits_of_some_and_limits_that_nobody_can_read_are_kept(tags, limited) -> None:
    edge = edge_tags({"highway": "primary", **tags})
    assert edge is not None
    assert edge.access == limited
    assert edge.limits == (None,) * 5


def test_what_is_not_understood_is_told() -> None:
    edge = edge_tags(
        {
            "highway": "primary",
            "hgv": "foo;yes",
            "access": "private",
            "maxheight": "low",
            "bus": "psv",
        }
    )
    assert edge is not None
    assert sorted(not_understood(edge.access)) == ["hgv=foo;yes", "max_height_m=low"]


def test_a_limit_by_lane_is_that_of_the_highest() -> None:
    edge = edge_tags({"highway": "primary", "maxheight:lanes": "3.2|4.5"})
    assert edge is not None
    assert edge.limits[0] == 4.5


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({"motorroad": "yes"}, {"bicycle": "no", "foot": "no", "agricultural": "no"}),
        ({"trailer": "no"}, {"hgv_articulated": "no"}),
        ({"hov": "designated"}, {"hov": "designated", "goods": "no", "emergency": "yes"}),
        (
            {"hov:conditional": "designated @ (07:00-09:00)"},
            {"hov": "designated", "goods": "no", "emergency": "yes"},
        ),
        ({"hov:lanes": "designated|no"}, {}),
        ({"access": " Private "}, {"access": "private"}),
        (
            {"motor_vehicle:backward:conditional": "no @ (Mo 07:00-09:00)", "oneway": "-1"},
            {"motor_vehicle:forward:conditional": "no @ (Mo 07:00-09:00)"},
        ),
    ],
)
def test_other_tags_speak_of_access(tags, access) -> None:
    edge = edge_tags({"highway": "primary", **tags})
    assert edge is not None
    assert edge.access == access


@pytest.mark.parametrize(
    ("tags", "known"),
    [
        ({}, False),
        ({"maxheight": "4"}, False),
        ({"maxweight": "20"}, False),
        ({"maxheight": "default", "maxweight": "none"}, True),
    ],
)
def test_limits_are_known_only_when_height_and_mass_are(tags: dict[str, str], known: bool) -> None:
    edge = edge_tags({"highway": "primary", **tags})
    assert edge is not None
    assert edge.limits_known is known


def test_of_several_values_of_a_limit_the_lowest_counts() -> None:
    edge = edge_tags({"highway": "primary", "maxheight": "4.0;3.5 m", "maxweight": "none;10"})
    assert edge is not None
    assert edge.limits == (3.5, None, None, 10, None)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"hazmat:adr_tunnel_cat": "D"}, "D=no"),
        ({"hazmat:adr_tunnel_cat": "A"}, "yes"),
        ({"hazmat": "no", "hazmat:adr_tunnel_cat": "A"}, "no"),
        ({"hazmat:adr_tunnel_cat": "C/e"}, "E=no"),
        (
            {
                "hazmat:adr_tunnel_cat": "A",
                "hazmat:adr_tunnel_cat:conditional": "E @ (06:00-22:00)",
            },
            "yes;E=no",
        ),
        ({"hazmat:forward": "no"}, "no"),
        ({"hazmat": "designated;NO"}, "no"),
        ({"hazmat:water:conditional": "no @ (22:00-06:00)"}, "water=no"),
        ({"hazmat": "no", "hazmat:conditional": "yes @ (22:00-06:00)"}, "no"),
        ({"hazmat": "restricted"}, "restricted"),
    ],
)
def test_the_category_of_a_tunnel_is_a_restriction(tags: dict[str, str], said: str) -> None:
    edge = edge_tags({"highway": "primary", "tunnel": "yes", **tags})
    assert edge is not None
    assert edge.hazmat == said


def test_nothing_drives_where_it_is_impassable() -> None:
    edge = edge_tags({"highway": "track", "smoothness": "impassable"})
    assert edge is not None
    assert edge.access == {"vehicle": "no"}


@pytest.mark.parametrize(
    ("tags", "passing", "stopped"),
    [
        ({"motor_vehicle": "agricultural;forestry"}, {"bicycle", "private"}, {"motorcar", "hgv"}),
        ({"motor_vehicle": "private;yes"}, {"motorcar", "hgv"}, set()),
        ({"motor_vehicle": "private;destination"},
         {"motorcar=destination;private", "hgv=destination;private", "emergency", "private"},
         {"motorcar", "hgv"}),
        ({"access": "customers", "hgv": "no"}, {"motorcar=customers", "foot=customers"},
         {"motorcar", "hgv", "hgv=customers"}),
        ({"motor_vehicle": "psv"}, {"bus", "taxi", "private"}, {"motorcar", "hgv"}),
        ({"motorcar": "private"}, {"hgv", "bus", "motorcar=private"}, {"motorcar", "private"}),
        ({"locked": "yes"}, {"emergency", "private"}, {"motorcar", "bus", "foot"}),
        ({"locked": "yes", "foot": "yes"}, {"emergency", "foot"}, {"motorcar"}),
    ],
)  # fmt: skip
def test_a_gate_reads_lists_classes_and_locks(tags, passing, stopped) -> None:
    found = admitted({"barrier": "gate", **tags})
    assert found is None if not stopped else passing <= {*found} and not stopped & {*found}


def test_access_and_dangerous_goods_are_kept_by_vehicle() -> None:
    edge = edge_tags(
        {
            "highway": "tertiary",
            "access": "private",
            "hgv:forward": "no",
            "bus": "yes",
            "bicycle": "designated",
            "hazmat": "no",
            "hazmat:water": "yes",
            "toll": "yes",
            "lanes": "2",
            "layer": "-1",
            "tunnel": "yes",
            "tunnel:name": "紫之隧道",
            "ref": "S2;G104",
            "name": "紫金港路",
            "name:en": "Zijingang Road",
        }
    )
    assert edge is not None
    assert edge.access == {
        "access": "private",
        "hgv:forward": "no",
        "bus": "yes",
        "bicycle": "designated",
    }
    assert edge.hazmat == "no;water=yes"
    assert (edge.toll, edge.lanes, edge.layer) == (True, 2, -1)
    assert (edge.structure, edge.structure_name) == ("tunnel", "紫之隧道")
    assert (edge.route_id, edge.name_zh, edge.name_en) == ("S2", "紫金港路", "Zijingang Road")


def test_a_ferry_takes_vehicles_only_where_it_says_so() -> None:
    foot = edge_tags({"route": "ferry", "duration": "00:20"})
    cars = edge_tags({"route": "ferry", "motor_vehicle": "yes"})
    assert foot is not None and cars is not None
    assert foot.access == {"motor_vehicle": "no"}
    assert foot.ferry_h == pytest.approx(1 / 3)
    assert cars.access == {"motor_vehicle": "yes"}
    assert foot.structure == "ferry"


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "busway"}, ("road", "busway")),
        ({"highway": "steps"}, ("walk", "steps")),
        ({"railway": "light_rail"}, ("rail", "light_rail")),
        ({"waterway": "canal"}, ("waterway", "canal")),
        ({"highway": "construction"}, None),
        ({"highway": "pedestrian", "area": "yes"}, ("walk", "pedestrian")),
        ({"highway": "service", "area": "yes"}, None),
        ({"highway": "pedestrian", "motor_vehicle": "yes"}, ("road", "pedestrian")),
        ({"highway": "path", "motor_vehicle": "no"}, ("walk", "path")),
        ({"route": "shuttle_train", "railway": "rail", "motor_vehicle": "yes"}, ("ferry", "ferry")),
        ({"route": "shuttle_train", "railway": "rail"}, ("rail", "rail")),
        ({"railway": "abandoned"}, None),
        ({"building": "yes"}, None),
    ],
)
def test_which_ways_become_edges(tags: dict[str, str], kind: tuple[str, str] | None) -> None:
    assert way_kind(tags) == kind


def test_hours_of_one_way_are_kept_in_the_direction_of_the_edge():
    tags = {
        "highway": "residential",
        "oneway:conditional": "yes @ (07:00-09:00); -1 @ (16:00-18:00)",
    }
    told = edge_tags(tags)
    assert told is not None
    assert told.access == {"oneway:conditional": tags["oneway:conditional"]}
    turned = edge_tags({**tags, "oneway": "-1"})
    assert turned is not None
    assert turned.access == {"oneway:conditional": "-1 @ (07:00-09:00); yes @ (16:00-18:00)"}
