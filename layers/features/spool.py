"""Answers kept on disk between those who make them and those who read them slowly.

An answer is made as fast as the database gives it, so that a client that reads slowly, or nothing,
holds no connection and no transaction; what it has read leaves the disk again.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import BinaryIO

from spatial.errors import Busy

MB = 2**20
PIECE_BYTES = 256 * 1024
SEGMENT_BYTES = 16 * MB
UNREAD_BYTES = 256 * MB
"""Most of one answer that waits on disk; its making then waits for its reader."""
ALL_BYTES = 1024 * MB
"""Most of all answers of a process that wait on disk; then no other one begins."""
PATIENCE_S = 30.0
"""How long the making of an answer waits for its reader before it is given up."""


class Spools:
    """The bytes that wait on disk in one process."""

    def __init__(self, folder: Path, unread_bytes: int = UNREAD_BYTES) -> None:
        self.folder = folder
        self.unread_bytes = unread_bytes
        self.kept = 0

    async def through(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield an answer as its reader takes it, whatever pace `parts` are made at.

        Raises
        ------
        Busy
            Too much waits on disk already, or the reader takes nothing.
        """
        if self.kept >= ALL_BYTES:
            raise Busy(
                "Too many exports wait to be read",
                "等待下载的导出过多",
                mend_en="Try again shortly, and read what you asked for.",
                mend_zh="请稍后重试，并及时下载已请求的导出。",
            )
        spool = _Spool(self)
        making = asyncio.ensure_future(spool.fill(parts))
        try:
            async for piece in spool.pieces(making):
                yield piece
        finally:
            making.cancel()
            try:
                await asyncio.wait({making})
            finally:
                spool.close()


class _Spool:
    """One answer: segments that are written at one end and read at the other."""

    def __init__(self, spools: Spools) -> None:
        self._spools = spools
        self._segments: deque[BinaryIO] = deque()
        self._written = SEGMENT_BYTES  # of the last segment
        self._read = 0  # of the first one
        self._unread = 0
        self._changed = asyncio.Event()

    async def fill(self, parts: AsyncIterator[bytes]) -> None:
        """Write the parts until their end."""
        try:
            async for part in parts:
                await self._keep(part)
        finally:
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()

    async def _keep(self, part: bytes) -> None:
        if self._written >= SEGMENT_BYTES:
            self._segments.append(await asyncio.to_thread(_segment, self._spools.folder))
            self._written = 0
        await _written(self._segments[-1].fileno(), part, self._written)
        self._written += len(part)
        self._count(len(part))
        async with asyncio.timeout(PATIENCE_S):
            while self._unread > self._spools.unread_bytes:
                await self._change()

    async def pieces(self, making: asyncio.Future[None]) -> AsyncIterator[bytes]:
        """Yield what has been written until the making has ended."""
        making.add_done_callback(lambda _: self._changed.set())
        while self._unread or not making.done():
            if not self._unread:
                await self._change()
                continue
            size = min(PIECE_BYTES, self._unread)
            piece = await asyncio.to_thread(os.pread, self._segments[0].fileno(), size, self._read)
            if piece:
                self._read += len(piece)
                self._count(-len(piece))
                yield piece
            else:
                self._segments.popleft().close()
                self._read = 0
        making.result()

    def close(self) -> None:
        """Give the disk back."""
        self._count(-self._unread)
        for segment in self._segments:
            segment.close()

    def _count(self, change: int) -> None:
        self._unread += change
        self._spools.kept += change
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _segment(folder: Path) -> BinaryIO:
    return tempfile.TemporaryFile(dir=folder)


async def _written(handle: int, data: bytes, at: int) -> None:
    """Write data; cancelled, end only when the file is no longer used."""
    writing = asyncio.ensure_future(asyncio.to_thread(_write, handle, data, at))
    try:
        await asyncio.shield(writing)
    finally:
        await asyncio.wait({writing})


def _write(handle: int, data: bytes, at: int) -> None:
    left = memoryview(data)
    while left:
        done = os.pwrite(handle, left, at)
        left, at = left[done:], at + done


async def read_file(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield a file in pieces and close it."""
    try:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece
    finally:
        file.close()
