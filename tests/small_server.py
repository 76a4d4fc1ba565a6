"""A small application under the supervisor of a server: run by test_supervisor."""

import os
import socket
import sys
import time
from multiprocessing import Pipe
from pathlib import Path

from api.cli.sharing import Shares
from api.cli.supervisor import Supervisor, configured

WORKERS = 2
STUCK_S = 2.0


def main(port: int) -> int:
    shares = Shares(WORKERS)

    async def app(scope, receive, send):
        if scope["type"] != "http":
            await (startup if (await receive())["type"] == "lifespan.startup" else end)(send)
            return
        if scope["path"] == "/stand-still":
            time.sleep(60)  # what the watch is for: the loop waits for this
        body = f"{os.getpid()} {shares.restarts} {shares.stuck}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def startup(send):
        await send({"type": "lifespan.startup.complete"})

    async def end(send):
        await send({"type": "lifespan.shutdown.complete"})

    bound = socket.create_server(("127.0.0.1", port))
    command, link = Pipe()
    config = configured(app, "info")
    code = Supervisor(config, bound, link, shares, Path("/nonexistent"), STUCK_S).run()
    command.close()
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
