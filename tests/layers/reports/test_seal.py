"""What is signed: the worked examples, one text for each document, packages that show changes."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from layers.indicators.index import combine
from layers.indicators.model import Index
from layers.indicators.rule_models import IndexRule
from layers.reports.compare import compare
from layers.reports.package import faults, pack
from layers.reports.seal import (
    canonical,
    changed_cells,
    digest,
    digits,
    public_key,
    sign,
    verifies,
)
from tests.conftest import shared_path

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def example(name):
    return json.loads(shared_path("scenario_examples.json").read_text("utf-8"))[name]


@pytest.mark.shared
def test_the_worked_example_of_a_frozen_report():
    told = example("frozen_report")
    first = json.loads(told["canonical_v1"])
    text = canonical(first)
    assert text.decode() == told["canonical_v1"]
    assert digest(text) == told["sha256_v1"]
    assert public_key(KEY) == told["public_key_hex"]
    assert sign(KEY, text) == told["signature_v1_hex"]
    assert verifies(text, told["signature_v1_hex"], told["public_key_hex"])
    one_digit = text.replace(b'"10"', b'"11"')
    assert (
        verifies(one_digit, told["signature_v1_hex"], told["public_key_hex"])
        is (told["one_digit_changed_verifies"])
    )
    values = [[*first["values"][0][:2], "7", "10"], first["values"][1]]
    second = {**first, "version": 2, "previous": told["sha256_v1"], "values": values}
    assert digest(canonical(second)) == told["sha256_v2"]
    assert changed_cells(first["values"], values) == told["changed_in_v2"]


@pytest.mark.shared
def test_what_moved_the_safety_index():
    told = example("safety_index")
    lines = []
    for month in ("feb", "mar"):
        parts = {name: name for name in told["weights"]}
        index = Index(
            id="s", area="safety", title={"zh": "", "en": ""}, parts=parts, rule="safety.index.s"
        )
        veto = {"indicator": "overdue major hazard", "above": 0, "cap": 60}
        rule = IndexRule(weights=told["weights"], vetoes=(veto,))
        held = float("veto" in told[month])
        made = combine(index, rule, told[month]["sub"], lambda _, held=held: held)
        assert made.value == pytest.approx(told[month]["index"])
        parts = [{"name": part.name, "gives": digits(part.gives)} for part in made.parts]
        vetoes = [{"indicator": one.veto.indicator} for one in made.vetoes]
        line = {"raw": digits(made.raw), "parts": parts, "vetoes": vetoes}
        lines.append({"value": digits(made.value), "index": line})
    found = compare(*lines)
    moved = {one["name"]: float(one["moved"]) for one in found["why"]["parts"]}
    why = told["why_it_moved"]
    assert {name: value for name, value in moved.items() if value} == {
        "hazard_closure": why["hazard_closure"]
    }
    assert float(found["why"]["vetoes"]["moved"]) == why["veto lifted"]
    assert found["why"]["vetoes"]["lifted"] == ["overdue major hazard"]
    assert float(found["why"]["sum"]) == float(found["moved"]) == why["sum"]


def test_a_document_has_one_text():
    assert canonical({"b": [None, True, 1], "a": "市"}) == '{"a":"市","b":[null,true,1]}'.encode()
    for wrong in (1.0, {"a": [0.5]}, {1: "a"}, {"a": Decimal(1)}, [b"a"]):
        with pytest.raises(TypeError):
            canonical(wrong)
    assert [digits(n) for n in (Decimal("1E+3"), 0.1, 1e-7, 28.0, Decimal("0.10"), None, -0.0)] == [
        "1000", "0.1", "0.0000001", "28", "0.1", None, "0",
    ]  # fmt: skip


def packed(**changed):
    files = {"report.html": b"<p>", "report.pdf": b"%PDF"}
    manifest = {"report": "r", "files": {name: digest(body) for name, body in files.items()}}
    text = canonical(manifest)
    seal = {"sha256": digest(text), "key": public_key(KEY), "signature": sign(KEY, text)}
    files |= {name: body for name, body in changed.items() if body is not None}
    return pack(manifest, seal, files)


def test_a_package_shows_what_was_changed():
    keys = [public_key(KEY)]
    whole = packed()
    assert list(faults(whole, keys)) == []
    assert whole == packed()
    assert list(faults(whole, [])) == [f"the key {keys[0]} is not trusted"]
    assert list(faults(packed(**{"report.pdf": b"%PDF."}), keys)) == ["report.pdf was changed"]
    assert list(faults(packed(**{"more.html": b""}), keys)) == ["more.html was changed"]
    for wrong in (b"", b"no zip", whole[:200]):
        assert "is no package" in next(faults(wrong, keys))
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["manifest.json"] = parts["manifest.json"].replace(b'"r"', b'"s"')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            package.writestr(name, body)
    assert list(faults(out.getvalue(), keys)) == [
        "manifest.json was changed", "the signature does not hold",
    ]  # fmt: skip
    with zipfile.ZipFile(out, "a") as package, pytest.warns(UserWarning):
        package.writestr("report.html", b"another")
    assert "stands twice" in next(faults(out.getvalue(), keys))
