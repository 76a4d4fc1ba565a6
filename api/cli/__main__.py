"""Run a command of Sigang."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from types import FrameType

from api.cli.parser import parse
from spatial.errors import SetupError, SigangError
from spatial.settings import Settings

COMMANDS = {
    "up": "start:start",
    "serve": "start:start",
    "down": "up:down",
    "status": "up:status",
    "reset": "up:reset",
    "migrate": "store:migrate_to",
    "load": "store:load",
    "regions": "regions:regions",
    "export": "export:export",
    "services": "timetable:timetable",
    "pack": "air:pack",
    "briefing": "air:briefing",
    "token": "access:token",
    "accounts": "access:accounts",
    "keys": "access:keys",
    "doctor": "doctor:doctor",
    "scenario": "scenario:scenario",
    "report": "report:report",
    "audit": "audit:audit",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "lock": "checks:lock",
    "test": "checks:test",
}


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    options = parse(arguments)
    module, _, name = COMMANDS[options.command].partition(":")
    try:
        settings = Settings.from_env()
        run: Callable[[Settings, Namespace], int]
        run = getattr(import_module(f"api.cli.{module}"), name)
        code = run(settings, options)
        sys.stdout.flush()
        return code
    except SigangError as error:
        return _fail(error)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:  # a file that cannot be read, a folder that cannot be written
        return _fail(SetupError(str(error), str(error)))
    except KeyboardInterrupt:
        return 130


def _stop(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _fail(error: SigangError) -> int:
    chinese = any(
        os.environ.get(name, "").startswith("zh") for name in ("LC_ALL", "LC_MESSAGES", "LANG")
    )
    text, mend = (error.zh, error.mend_zh) if chinese else (error.en, error.mend_en)
    print(f"sigang: {text}{chr(10) + '  ' + mend if mend else ''}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
