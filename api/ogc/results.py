"""Outputs of a process as an answer: a JSON document, one value as it is, or several parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

import orjson
from starlette.responses import Response

from api.http.responses import NO_STORE
from layers.processes.runtime.model import JSON, Process
from layers.processes.runtime.run import Output
from spatial.errors import BadParameter


def check_wanted(process: Process, wanted: Mapping[str, Mapping[str, object]] | None) -> list[str]:
    """Return the names of the outputs asked for; all where none is named.

    Raises
    ------
    BadParameter
        The process has no such output, or it is wanted by reference.
    """
    known = list(process.outputs.model_fields)
    for name, how in (wanted or {}).items():
        if name not in known:
            raise BadParameter(
                f"{process.id} has no output {name[:60]!r}",
                f"{process.id} 没有输出 {name[:60]!r}",
                mend_en=f"Outputs: {', '.join(known)}.",
                mend_zh=f"可用输出：{'、'.join(known)}。",
                parameter=f"outputs.{name[:60]}",
            )
        if how.get("transmissionMode", "value") != "value":
            raise BadParameter(
                "Outputs are given by value", "输出仅支持按值返回",
                mend_en="Large outputs of a job are linked from its results document.",
                mend_zh="任务的大型输出会在结果文档中以链接给出。",
                parameter=f"outputs.{name}.transmissionMode",
            )  # fmt: skip
    return list(wanted) if wanted else known


def inline(output: Output) -> bytes:
    """Return an output as a member of a results document: objects as qualified values."""
    if output.media_type != JSON:
        value = output.whole if output.features is not None else orjson.dumps(output.body.decode())
        return _qualified(value, output.media_type)
    if output.body[:1] == b"{":
        return _qualified(output.body, JSON)
    return output.body


def _qualified(value: bytes, media_type: str) -> bytes:
    return b'{"mediaType":' + orjson.dumps(media_type) + b',"value":' + value + b"}"


def document(members: Mapping[str, bytes]) -> Response:
    """Answer the results document of already written members."""
    parts = [orjson.dumps(name) + b":" + value for name, value in members.items()]
    return Response(b"{" + b",".join(parts) + b"}", headers=NO_STORE, media_type=JSON)


def raw(outputs: Sequence[Output]) -> Response:
    """Answer one output as it is, or several as the parts of one message (RFC 2387)."""
    if len(outputs) == 1:
        return Response(outputs[0].whole, headers=NO_STORE, media_type=outputs[0].media_type)
    boundary = uuid4().hex
    parts = []
    for output in outputs:
        head = f"--{boundary}\r\nContent-Type: {output.media_type}\r\nContent-ID: <{output.name}>"
        parts.append(head.encode() + b"\r\n\r\n" + output.whole + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    kind = f'multipart/related; type="{outputs[0].media_type}"; boundary={boundary}'
    return Response(b"".join(parts), headers={**NO_STORE, "Content-Type": kind})


def respond(outputs: Sequence[Output], response: str) -> Response:
    """Answer outputs that are all at hand, as the request wants them."""
    if response != "document":
        return raw(outputs)
    return document({output.name: inline(output) for output in outputs})
