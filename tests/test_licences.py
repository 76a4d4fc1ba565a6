"""Licences: what is imported or shipped is free and not GPL; locks name nothing of a machine."""

import json
import re
from importlib import metadata

import pytest

from tests.conftest import ROOT

ALLOWED = re.compile(
    r"^(MIT(-0|-CMU)?|ISC|0BSD|Zlib|CC0-1\.0|BSD([ -][23]-Clause)?|Apache(-2\.0| 2\.0)|MPL[- ]2\.0"
    r"|LGPL-(2\.1|3\.0)(-only|-or-later)?|PSF-2\.0|Artistic-2\.0|OFL-1\.1|Unlicense|Python-2\.0"
    r"|BlueOak-1\.0\.0|Apache-2\.0 WITH LLVM-exception)$"
)
WORDS = {
    "mit license": "MIT",
    "bsd license": "BSD",
    "bsd": "BSD",
    "bsd 2-clause license": "BSD-2-Clause",
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "isc license (iscl)": "ISC",
    "python software foundation license": "PSF-2.0",
}
STATED_IN_ITS_LICENCE_FILE = {"axe-playwright-python": "MIT AND MPL-2.0"}
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
FORBIDDEN_IN_A_LOCK = re.compile(r"https?:|file:|--(extra-)?index.url|--find.links|@ |/opt|/home")


def pinned(lock: str) -> set[str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    return set(re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.MULTILINE))


def licence(name: str) -> str | None:
    """Return the licence of a distribution as an expression, None where it is not installed."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    stated = [
        text.rpartition(" :: ")[2]
        for text in about.get_all("Classifier", [])
        if text.startswith("License ::") and text != "License :: DFSG approved"
    ]
    if not stated:
        stated = [(about.get("License") or "").strip().partition("\n")[0]]
    found = " AND ".join(WORDS.get(text.lower(), text) for text in stated)
    return found or STATED_IN_ITS_LICENCE_FILE.get(name, "")


def allowed(expression: str) -> bool:
    """Tell whether each part of an expression that must hold is on the list."""
    bare = expression.replace("(", "").replace(")", "")
    return all(
        any(ALLOWED.match(choice.strip()) for choice in part.split(" OR "))
        for part in bare.split(" AND ")
    )


@pytest.mark.parametrize("lock", ["runtime", "test"])
def test_every_installed_package_has_a_licence_on_the_list(lock):
    found = {name: licence(name) for name in pinned(lock)}
    installed = {name: text for name, text in found.items() if text is not None}
    assert len(installed) > 30
    assert {name: text for name, text in installed.items() if not allowed(text)} == {}


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("LGPL-3.0-only", True),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_the_list_refuses(expression, good):
    assert allowed(expression) is good


def test_vendored_browser_packages_are_on_the_list_and_carry_their_text():
    manifest = ROOT / "frontend_static" / "vendor" / "MANIFEST.json"
    assert manifest.exists(), "./sigang up builds the vendor folder"
    packages = json.loads(manifest.read_text("utf-8"))["packages"]
    assert len(packages) > 5
    for package in packages:
        assert allowed(package["licence"]), package["package"]
        text = manifest.parent / package["licence_text"]
        assert len(text.read_text("utf-8")) > 200, package["package"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_host_index_or_path_and_hashes_every_package(lock):
    text = lock.read_text("utf-8")
    assert FORBIDDEN_IN_A_LOCK.search(text) is None
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) >= (1 if lock.stem.startswith("bench-") else 6)
    for entry in entries:
        assert "==" in entry and "--hash=sha256:" in entry, entry[:80]


def test_the_browser_lock_names_no_host():
    lock = json.loads((ROOT / "frontend_static" / "package-lock.json").read_text("utf-8"))
    packages = {name: body for name, body in lock["packages"].items() if name}
    assert len(packages) > 5
    assert [name for name, body in packages.items() if "resolved" in body] == []
    assert [name for name, body in packages.items() if "integrity" not in body] == []
