"""One server process: forked from its supervisor, never outliving it."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import socket
import sys

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE

from api.cli.sharing import Shares, SharingServer

PR_SET_PDEATHSIG = 1
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
TELL = signal.SIGUSR2
"""Has a process write into the log where each of its threads stands."""


def work(config: Config, bound: socket.socket, shares: Shares, number: int, parent: int) -> None:
    """Serve until told to end.

    Parameters
    ----------
    config
        The application and how it is served.
    bound
        Socket on which all processes of the server wait.
    shares
        What the processes know of each other.
    number
        Which of them this is.
    parent
        Process id of the supervisor.
    """
    for handled in HANDLED:
        signal.signal(handled, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    faulthandler.register(TELL)
    _die_with(parent)
    SharingServer(config, shares, number).run([bound])


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process when its supervisor is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(STARTUP_FAILURE)
