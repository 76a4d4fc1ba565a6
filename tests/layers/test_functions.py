import pytest

from layers.declare.sql_functions import apply_functions
from spatial.errors import ConfigError

pytestmark = pytest.mark.db
GOOD = """
CREATE OR REPLACE FUNCTION sigang.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
"""


def test_functions_are_created_and_replaced(conn, tmp_path):
    (tmp_path / "road").mkdir()
    file = tmp_path / "road" / "twice.sql"
    file.write_text(GOOD)
    assert apply_functions(conn, tmp_path) == ["road/twice.sql"]
    assert conn.execute("SELECT sigang.twice(21)").fetchone() == (42,)
    file.write_text(GOOD.replace("2 * n", "3 * n"))
    apply_functions(conn, tmp_path)
    assert conn.execute("SELECT sigang.twice(21)").fetchone() == (63,)


def test_a_wrong_file_is_named(conn, tmp_path):
    (tmp_path / "road").mkdir()
    (tmp_path / "road" / "bad.sql").write_text("CREATE FUNKTION")
    with pytest.raises(ConfigError, match=r"road/bad\.sql"):
        apply_functions(conn, tmp_path)
