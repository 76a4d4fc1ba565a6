"""up and serve: the server's processes begin to import before this one imports what it needs."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from api.cli import serve
from spatial.settings import Settings

GIVEN = ("host", "port", "workers", "freeze")


def start(settings: Settings, options: Namespace) -> int:
    """Run a server until it is told to stop."""
    given = {name: getattr(options, name, None) for name in GIVEN}
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})
    with serve.opened(settings) as server:
        from api.cli import up

        run = up.up if options.command == "up" else up.serve_only
        return run(server, settings, options)
