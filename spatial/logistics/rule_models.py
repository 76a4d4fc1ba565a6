"""The rule of what the codes of messages mean, for loaders and servers both."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spatial.rules import RuleModel, register

Code = Literal["GTIN", "GTOT", "LOAD", "DISC", "ARRI", "DEPA"]


class MessageCodes(RuleModel):
    """Codes of DCSA by the codes of other messages.

    `codeco` and `coparn` go by the name of the document (BGM), `iftsta` by the status (STS), of
    which `iftsta_empty` are of empty boxes, `one_record` by the event's code. Times without an
    offset have `utc_offset_h`.
    """

    utc_offset_h: float = Field(ge=-12, le=14)
    codeco: dict[str, Code]
    coparn: dict[str, Code]
    iftsta: dict[str, Code]
    iftsta_empty: tuple[str, ...]
    one_record: dict[str, Code]


class CodePlaces(RuleModel):
    """When a point of UN/LOCODE is taken to lie outside its subdivision.

    None of so many nearest points of its country is of its subdivision, and the nearest that is
    lies farther off than `off_m`.
    """

    neighbours: int = Field(ge=2, le=50)
    off_m: float = Field(gt=0, le=5_000_000)


CODE_PLACES = register(
    "linkage.unlocode", CodePlaces, zh="UN/LOCODE 坐标核查", en="Points of UN/LOCODE"
)
MESSAGE_CODES = register(
    "linkage.message_codes", MessageCodes, zh="报文代码对应", en="Codes of messages"
)
