"""The architecture, held by tests: direction of imports, names, sizes, where codes may stand."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ["api", "data", "layers", "routing", "spatial"]
FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES = 400, 600, 40
DATUM_CODES = {3857, 4326, 4490, 4528, 4549}
DATUM_HOME = "spatial/geo/crs.py"
OWED = re.compile("|".join(["TO" + "DO", "FIX" + "ME"]) + r"\b")


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def long_functions(text: str) -> list[tuple[str, int]]:
    functions = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    sizes = ((f.name, (f.end_lineno or f.lineno) - f.lineno + 1) for f in functions)
    return [(f, size) for f, size in sizes if size > FUNCTION_LINES]


def datum_codes(text: str) -> set[int]:
    """Return the datum codes that stand as numbers, outside SQL text."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if type(node.value) is int} & DATUM_CODES


def test_imports_go_to_the_right_only():
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


def test_filters_stand_below_the_rest_of_layers():
    imported = {
        (name(path), module)
        for path in sources("layers/cql")
        for module in re.findall(r"^from (\S+) import", path.read_text("utf-8"), re.MULTILINE)
        if module.startswith("layers") and not module.startswith("layers.cql")
    }
    assert imported == set()
    assert len(sources("layers/cql")) > 3


PROCESSES_SHARE = {"readers", "runtime"}


def test_areas_of_processes_know_none_of_each_other():
    """Whatever areas there are: a further one is a folder, which no list names."""
    folders = [path for path in (ROOT / "layers" / "processes").iterdir() if path.is_dir()]
    areas = {path.name for path in folders} - PROCESSES_SHARE - {"__pycache__"}
    beyond = {
        f"{name(path)}: {module}"
        for area in areas
        for path in sources(f"layers/processes/{area}")
        for module in re.findall(
            r"^\s*(?:from|import) layers\.processes\.(\w+)", path.read_text("utf-8"), re.MULTILINE
        )
        if module not in {area, *PROCESSES_SHARE}
    }
    assert beyond == set()
    assert areas >= {"roads", "safety"}


KERNELS_USE = re.compile(r"__future__|typing|math|numpy.*|routing\.compiled|.*\.weights|.*_kernels")


def test_kernels_know_numbers_only():
    """They import each other, types of arrays and constants: what they do is told by arguments."""
    kernels = [path for path in sources("routing") if path.stem.endswith("_kernels")]
    beyond = {
        f"{name(path)}: {node.module} {alias.name}"
        for path in kernels
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and not KERNELS_USE.fullmatch(node.module or "")
        for alias in node.names
        if not alias.name.isupper()
    }
    assert beyond == set()
    assert len(kernels) > 15


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_generic_names_resolve_inside_the_repository(package):
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin).resolve().parent.parent == ROOT


def test_files_are_short():
    limits = {
        **dict.fromkeys([*sources(*PACKAGES), ROOT / "sigang"], FILE_LINES),
        **dict.fromkeys(sources("tests", "bench"), TEST_FILE_LINES),
    }
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in limits}
    assert len(sizes) > 50
    assert {name(path): size for path, size in sizes.items() if size > limits[path]} == {}


def test_functions_are_short():
    found = {name(path): long_functions(path.read_text("utf-8")) for path in sources(*PACKAGES)}
    assert {path: functions for path, functions in found.items() if functions} == {}


def test_a_long_function_would_be_found():
    body = "\n".join(f"    x = {i}" for i in range(FUNCTION_LINES))
    assert long_functions(f"async def long():\n{body}") == [("long", FUNCTION_LINES + 1)]


def test_datum_codes_stand_in_one_module():
    found = {
        name(path): datum_codes(path.read_text("utf-8"))
        for path in sources(*PACKAGES)
        if name(path) != DATUM_HOME
    }
    assert {path: codes for path, codes in found.items() if codes} == {}
    assert datum_codes((ROOT / DATUM_HOME).read_text("utf-8"))


SCRIPTS = ROOT / "frontend_static" / "js"


def test_nothing_is_owed():
    paths = [*sources(*PACKAGES, "tests", "bench"), *(ROOT / "docs").glob("*.md")]
    paths += SCRIPTS.rglob("*.js")
    assert [name(path) for path in paths if OWED.search(path.read_text("utf-8"))] == []


FLOORS = ("core", "model", "map", "panels")
"""Folders of the map's scripts: each may import from those before it."""


def imported_folders(path: Path) -> set[str]:
    """Return the folders of a script's imports, as far as they are others of `js`."""
    top = SCRIPTS
    found = re.findall(r"(?:^import|\bfrom) '(\.[^']+)'", path.read_text("utf-8"), re.MULTILINE)
    targets = [(path.parent / target).resolve().relative_to(top) for target in found]
    return {target.parts[0] for target in targets if len(target.parts) > 1}


def test_the_maps_scripts_import_from_lower_floors_only():
    seen = 0
    for floor, name_ in enumerate(FLOORS):
        for path in (SCRIPTS / name_).rglob("*.js"):
            above = imported_folders(path) & set(FLOORS[floor + 1 :])
            assert not above, f"{name(path)} imports from {above}"
            seen += 1
    assert seen > 40


SCRIPT_COLUMNS = 120


def test_lines_of_scripts_and_style_sheets_are_short():
    paths = [*SCRIPTS.rglob("*.js"), *(ROOT / "frontend_static" / "css").glob("*.css")]
    long = [
        f"{name(path)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > SCRIPT_COLUMNS
    ]
    assert long == []
    assert len(paths) > 60


STATE = re.compile(r"\bsignal\(|^let \w+", re.MULTILINE)
"""What holds state that outlives a call: a signal, or a variable of the whole module."""
STORE_WRITE = re.compile(r"\b\w+Store\.\w+\.value\s*(?:[-+|&?*/]{0,3}=(?!=)|\+\+|--)")
ADDRESS = re.compile(r"import \{[^}]*\burl\b[^}]*\} from '[./]+core/store\.js'")


def mirrored(path: Path) -> list[str]:
    """Return what a script above `model` holds or writes that belongs into a store there."""
    text = path.read_text("utf-8")
    found = [
        match.group() for kind in (STATE, STORE_WRITE, ADDRESS) for match in kind.finditer(text)
    ]
    return [] if path == SCRIPTS / "map" / "instance.js" else found


def test_map_and_panels_keep_their_state_in_the_stores():
    paths = [path for floor in ("map", "panels") for path in (SCRIPTS / floor).rglob("*.js")]
    assert {name(path): mirrored(path) for path in paths if mirrored(path)} == {}
    assert [
        name(path) for path in SCRIPTS.rglob("*.js") if "\nlet " in path.read_text("utf-8")
    ] == []


def test_each_store_is_made_in_one_module():
    homes: dict[str, list[str]] = {}
    for path in SCRIPTS.rglob("*.js"):
        for store in re.findall(
            r"^export const (\w+Store) =", path.read_text("utf-8"), re.MULTILINE
        ):
            homes.setdefault(store, []).append(name(path))
    assert {store: found for store, found in homes.items() if len(found) > 1} == {}
    assert all("/js/model/" in found[0] for found in homes.values())
    assert len(homes) > 10


def test_a_write_past_a_store_would_be_found():
    assert STORE_WRITE.search("@click=${() => (tableStore.view.value = 'map')}")
    assert STORE_WRITE.search("planStore.asked.value++")
    assert not STORE_WRITE.search("if (tableStore.view.value === 'table') return;")


def vacuous(text: str) -> list[int]:
    """Return the lines of `assert a, b == c`, which asserts `a` alone."""
    asserts = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert))
    return [node.lineno for node in asserts if isinstance(node.msg, ast.Compare | ast.BoolOp)]


def test_every_assertion_asserts_something():
    found = {name(path): vacuous(path.read_text("utf-8")) for path in sources("tests", "bench")}
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert vacuous("assert len(a), len(b) == (3, 4)") == [1]


HOLDERS = {
    "count", "Counter", "defaultdict", "deque", "dict", "list", "local", "Lock", "Memo",
    "OrderedDict", "set", "ThreadPoolExecutor", "WeakKeyDictionary", "WeakSet",
    "WeakValueDictionary",
}  # fmt: skip
CHANGES = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "move_to_end", "pop",
    "popitem", "remove", "setdefault", "update",
}  # fmt: skip
MODULE_STATE = {
    "layers/processes/runtime/readers.py: _READERS",  # filled while modules are imported
    "spatial/rules.py: _kinds",
    "layers/query/filter_thread.py: _THREAD",  # threads of the process
    "routing/stopping.py: _thread",
}
"""What modules hold that changes while the process runs."""
KEPT_ANSWERS = {
    "api/http/concurrency.py: by_address",
    "api/http/door.py: _answer",
    "api/http/same_origin.py: own_origin",
    "api/ops/bundle.py: _fresh_page",
    "api/ops/static.py: _heads",
    "api/roads/paths.py: _headers",
    "layers/declare/style_check.py: _table",
    "layers/processes/airspace/briefing_page.py: _bundle",
    "layers/processes/airspace/briefing_page.py: policy",
    "layers/processes/runtime/model.py: _profiles",
    "routing/airspace/cells.py: _table",
    "routing/cost/limit_hours.py: _week",
    "routing/cost/network_rules.py: named_by_profiles",
    "routing/cost/network_rules.py: rules_of",
    "spatial/geo/crs.py: _transformer",
    "spatial/names/fold.py: plain",
    "spatial/names/forms.py: forms_of",
    "spatial/names/readings.py: syllables",
    "spatial/networks/model.py: network_kinds",
}
"""Functions whose answers, few or the latest, hold for as long as the process."""


def called(node: ast.expr | None) -> str:
    """Return the last name of what an expression calls."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))


def module_state(text: str) -> set[str]:
    """Return the names of a module that are empty or holders at first, or are changed later."""
    tree = ast.parse(text)
    names, found = set(), set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        named = {target.id for target in targets if isinstance(target, ast.Name)}
        names |= named
        value = getattr(node, "value", None)
        empty = isinstance(value, ast.Dict | ast.List) and not ast.unparse(value)[1:-1]
        constant = called(value) in {"dict", "list", "set"} and value.args
        if empty or (called(value) in HOLDERS and not constant):
            found |= named
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found |= set(node.names)
        changed = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed = node.value
        elif called(node) in CHANGES and isinstance(node.func, ast.Attribute):
            changed = node.func.value
        if isinstance(changed, ast.Name) and changed.id in names:
            found.add(changed.id)
    return found


def kept_answers(text: str) -> set[str]:
    """Return the functions of a module that keep their answers."""
    return {
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and any(re.search(r"\b(lru_)?cache\b", ast.unparse(d)) for d in node.decorator_list)
    }


def test_modules_hold_no_state():
    """It lies on `Services`, or with the object that it is of."""
    paths = sources("api", "layers", "routing", "spatial")
    held = {f"{name(p)}: {one}" for p in paths for one in module_state(p.read_text("utf-8"))}
    kept = {f"{name(p)}: {one}" for p in paths for one in kept_answers(p.read_text("utf-8"))}
    assert held == MODULE_STATE
    assert kept == KEPT_ANSWERS
    assert module_state("a = {}\nb = {1: 2}\nC = {1: 2}\ndef f(): b[1] = 3") == {"a", "b"}
    assert module_state("x: set[int] = set()\ny = frozenset()\nz = [1]\nz.pop()") == {"x", "z"}


SQL = re.compile(
    r"\b(SELECT\s|INSERT INTO|UPDATE [\w.]+\s+SET\b|DELETE FROM|LISTEN |COPY \w|TRUNCATE|SET LOCAL"
    r"|(CREATE|ALTER|DROP) (TEMP )?(TABLE|INDEX|UNIQUE|FUNCTION|EXTENSION|ROLE|DATABASE)\b)"
)
SQL_HOMES = (
    r".*store\.py", r".*rows\.py", r".*_sql\.py",
    r"layers/tiles/.*", r"spatial/postgres/.*", r"spatial/migrations/.*",  # all about SQL
    r"api/cli/.*", r"data/.*",  # the owner's commands and loads
)  # fmt: skip
"""Files that may hold SQL as text; SQLAlchemy Core may stand anywhere."""


def raw_sql(text: str) -> list[int]:
    """Return the lines of texts that are SQL, docstrings left out."""
    tree = ast.parse(text)
    said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in said
        and SQL.search(node.value)
    ]


def test_sql_stands_in_stores_and_rows():
    homes = re.compile("|".join(SQL_HOMES))
    found = {
        name(path): raw_sql(path.read_text("utf-8"))
        for path in sources(*PACKAGES)
        if not homes.fullmatch(name(path))
    }
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert raw_sql('"SELECT it"\nx = "SELECT it"\ny = f"UPDATE sigang.{t} SET"') == [2]


def test_migrations_stand_in_one_line():
    """Each has the number that its file says and follows the one before: two heads stop a start."""
    folder = ROOT / "spatial/migrations/versions"
    found = []
    for path in sorted(folder.glob("[0-9]*.py")):
        values = dict(re.findall(r'^(revision|down_revision) = "?(\w+)"?$', path.read_text(), re.M))
        found.append((path.name[:4], values["revision"], values["down_revision"]))
    numbers = [f"{n:04}" for n in range(1, len(found) + 1)]
    before = ["None", *numbers][:-1]
    assert found == list(zip(numbers, numbers, before, strict=True))


ANY_LINES = 150


def test_few_lines_leave_a_type_open():
    """What is left are the generics of libraries and kernels that take any array."""
    lines = [
        line
        for path in sources(*PACKAGES)
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\bAny\b", line) and not re.match(r"\s*(from|import) ", line)
    ]
    assert 0 < len(lines) < ANY_LINES


def test_every_public_function_of_the_core_has_a_docstring_and_types():
    bare = []
    for path in sources("spatial", "routing"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                private = node.name.startswith("_") or "migrations" in path.parts
                if not private and not ast.get_docstring(node):
                    bare.append(f"{name(path)}:{node.name}")
    assert bare == []


def silent_raisers(text: str) -> list[str]:
    """Return the public functions whose body raises something that their docstring leaves out."""
    found = []
    for holder in ast.walk(ast.parse(text)):
        for node in holder.body if isinstance(holder, ast.Module | ast.ClassDef) else ():
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name[0] == "_":
                continue
            raised = [r for r in ast.walk(node) if isinstance(r, ast.Raise) and r.exc is not None]
            if raised and not re.search(
                r"^\s*Raises$", ast.get_docstring(node) or "", re.MULTILINE
            ):
                found.append(node.name)
    return found


def test_a_public_function_of_the_core_says_what_it_raises():
    found = {
        name(path): silent_raisers(path.read_text("utf-8"))
        for path in sources("spatial", "routing")
    }
    assert {
        path: names for path, names in found.items() if names and "migrations" not in path
    } == {}
    assert silent_raisers("def f():\n    'Do.'\n    raise ValueError('x')") == ["f"]


def test_routing_is_never_async():
    for path in sources("routing"):
        tree = ast.parse(path.read_text("utf-8"))
        assert not any(
            isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree)
        )
