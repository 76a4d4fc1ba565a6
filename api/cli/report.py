"""report freeze, list, verify: numbers of a period frozen, told, and held against their seal."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from api.cli.freezer import SYSTEM, freeze_due, ground_of
from api.cli.ground import ground, require_schema
from layers.indicators.periods import parse_period
from layers.reports import store
from layers.reports.check import check_stored
from layers.reports.freeze import Order, freeze
from layers.reports.keys import known_keys
from layers.reports.package import faults, signed_digests, told
from layers.reports.seal import digest
from spatial.errors import BadParameter
from spatial.postgres.db import connect
from spatial.settings import Settings


def report(settings: Settings, options: Namespace) -> int:
    """Freeze, list or verify."""
    if options.what == "verify":
        keys = options.key or known_keys(settings.home)
        if options.file is not None:
            return verify(options.file, options.package, keys)
        with ground(settings) as base:
            return _verify_stored(base.url, keys)
    with ground(settings) as base:
        require_schema(base.url)
        if options.what == "list":
            return _list(base.url)
        made = ground_of(settings, base.url)
        if options.due:
            for name, frozen in freeze_due(made):
                print(f"{name} {frozen}: frozen")
            return 0
        if options.report is None or options.period is None:
            raise BadParameter("Name a report and a period, or --due", "请注明报告与周期，或 --due")
        if (options.corrects is None) != (options.reason is None):
            raise BadParameter(
                "A correction has both --corrects and --reason", "更正须同时注明版本与原因"
            )
        period = parse_period(options.period)
        number = freeze(
            made, Order(options.report, period, SYSTEM, options.corrects, options.reason)
        )
        print(f"{options.report} {period.id}: frozen as version {number}")
    return 0


def verify(file: Path, package: Path | None, keys: Sequence[str]) -> int:
    """Hold a package, or one file with the package that it is of, against its seal; offline."""
    data = (package or file).read_bytes()
    wrong = list(faults(data, keys))
    if package is not None and not wrong and digest(file.read_bytes()) not in signed_digests(data):
        wrong.append(f"{file.name} is no file of {package.name} as it was signed")
    for fault in wrong:
        print(f"FAIL  {fault}")
    if wrong:
        return 1
    print(f"ok    {told(data)}")
    return 0


def _verify_stored(url: str, keys: Sequence[str]) -> int:
    failed = 0
    with connect(url) as conn:
        for name, wrong in check_stored(conn, keys):
            print(f"{'FAIL' if wrong else 'ok  '}  {name}{': ' if wrong else ''}{'; '.join(wrong)}")
            failed += bool(wrong)
    return 1 if failed else 0


def _list(url: str) -> int:
    with connect(url) as conn:
        for name, period, version, audiences in conn.execute(store.LISTED):
            print(f"{name} {period} v{version} {', '.join(audiences)}")
    return 0
