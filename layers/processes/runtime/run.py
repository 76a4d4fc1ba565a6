"""Runs a process: its scene read and checked, its outputs checked for their size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from layers.declare.base import Text
from layers.processes.runtime.model import (
    GEOJSON,
    JSON,
    Inputs,
    Outputs,
    Process,
    Progress,
    Scene,
    Sources,
    media_type,
    no_progress,
)
from layers.processes.runtime.readers import get_reader
from spatial.errors import BadParameter

LOADING = Text(zh="读取数据", en="Reading")
MOST_FEATURES = 200_000
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Output:
    """One output of a run, as JSON or text; of a collection the JSON of each feature."""

    name: str
    media_type: str
    body: bytes = b""
    features: Sequence[bytes] | None = None

    @property
    def whole(self) -> bytes:
        """The whole output as one text."""
        if self.features is None:
            return self.body
        return collection(self.features)


def collection(features: Sequence[bytes], *more: bytes) -> bytes:
    """Return features, each as JSON, as a collection; `more` are further members."""
    head = b",".join([b'{"type":"FeatureCollection"', *more, b'"features":['])
    return head + b",".join(features) + b"]}"


async def read_scene(
    process: Process, inputs: Inputs, sources: Sources, progress: Progress = no_progress
) -> Scene:
    """Read what a process names, and nothing else; late readers are asked after its check.

    Raises
    ------
    SigangError
        Whatever the readers or the check of the process say.
    """
    names = [need.name for need in process.reads]
    found = {name: sources.given[name] for name in names if name in sources.given}
    asked = [
        (get_reader(need.reader), need.name, need.asked(inputs))
        for need in process.reads
        if need.name not in found
    ]
    for late in (False, True):
        if late:
            process.check(inputs, Scene(found, datetime.now(UTC)))
            progress(0.0, LOADING)
        for reader, name, wanted in asked:
            if reader.late is late and wanted is not None:
                found[name] = await reader.read(sources, name, wanted)
    return Scene(found, datetime.now(UTC), progress)


def run(process: Process, inputs: Inputs, scene: Scene) -> list[Output]:
    """Run a process and write its outputs down.

    Raises
    ------
    BadParameter
        The outputs are larger than may be kept.
    SigangError
        Whatever the process says.
    """
    outputs = list(_written(process, process.run(inputs, scene)))
    size = sum(len(o.body) + sum(map(len, o.features or ())) for o in outputs)
    features = sum(len(o.features or ()) for o in outputs)
    if size > MOST_BYTES or features > MOST_FEATURES:
        raise BadParameter(
            f"The result is too large: {size // 2**20} MB, {features} features",
            f"结果过大：{size // 2**20} MB，{features} 个要素",
            mend_en="Ask for fewer places or a smaller area.",
            mend_zh="请减少地点或缩小范围。",
        )
    return outputs


def _written(process: Process, made: Outputs) -> Iterator[Output]:
    for name, field in process.outputs.model_fields.items():
        value = getattr(made, name)
        kind = media_type(field)
        if kind == GEOJSON:
            yield Output(name, kind, features=[_json(feature) for feature in value.features])
        elif kind == JSON:
            plain = made.model_dump(mode="json", include={name})[name]
            yield Output(name, kind, _json(plain))
        else:
            yield Output(name, kind, str(value).encode())


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
