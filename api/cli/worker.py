"""One server process: made by its supervisor, never outliving it."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from uvicorn.config import STARTUP_FAILURE

from spatial.errors import SigangError
from spatial.settings import Settings

if TYPE_CHECKING:
    from api.front import Front

PR_SET_PDEATHSIG = 1
log = logging.getLogger("uvicorn.error")


def create() -> Front:
    """Return the application, for uvicorn in a process of its own."""
    _die_with_parent()
    try:
        from api.app import create_app

        return create_app(Settings.from_env())
    except SigangError as error:
        log.error("%s %s", error.en, error.mend_en)
    except Exception:
        log.exception("The application cannot be made")
    sys.exit(STARTUP_FAILURE)


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its supervisor is killed."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or parent == 1:
        sys.exit(STARTUP_FAILURE)
