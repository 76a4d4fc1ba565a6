"""Which format and language a request wants, and which parameters it may carry."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from api.http.media_types import JSON, MVT
from api.http.problems import NotAcceptable, pick_language
from layers.query.filters import refuse_unknown
from spatial.errors import BadParameter

_LONGEST_PURPOSE = 1_200
"""Bytes read of a purpose: more than the characters that are kept can take."""


def language(request: Request) -> str:
    """Return `zh` or `en` for a request."""
    asked = request.query_params.get("lang")
    _check_language(asked)
    return pick_language(asked, request.headers.get("accept-language"))


def purpose_of(request: Request) -> str | None:
    """Return what a request is for by its header: UTF-8, plain or percent-encoded."""
    given = request.headers.get("sigang-purpose")
    if given is None or (given.isascii() and "%" not in given):
        return given
    encoded = given[:_LONGEST_PURPOSE].encode("latin-1")
    return unquote_to_bytes(encoded).decode("utf-8", "replace")


def _check_language(asked: str | None) -> None:
    if asked is not None and asked not in ("zh", "en"):
        raise BadParameter(
            f"lang must be zh or en, not {asked[:20]!r}",
            f"lang 必须为 zh 或 en，而不是 {asked[:20]!r}",
            parameter="lang",
        )


def check_parameters(request: Request, *known: str) -> None:
    """Refuse unknown or repeated parameters, and a language that there is not.

    Raises
    ------
    BadParameter
    """
    if request.scope["query_string"]:
        values = single_values(request)
        refuse_unknown(values, {"f", "lang", *known})
        _check_language(values.get("lang"))


def single_values(request: Request) -> dict[str, str]:
    """Return the query parameters; each may be given once.

    Raises
    ------
    BadParameter
        One is given twice.
    """
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadParameter(f"{twice} is given more than once", f"{twice} 重复出现", parameter=twice)
    return given


def pick_format(request: Request, offered: Mapping[str, str], default: str = "json") -> str:
    """Return the format asked for by `f`, else by Accept, else the default.

    Raises
    ------
    BadParameter
        `f` names no format that this resource has.
    NotAcceptable
        Accept allows none of them.
    """
    asked = request.query_params.get("f") if request.scope["query_string"] else None
    if asked is not None:
        if asked in offered:
            return asked
        raise BadParameter(
            f"No format {asked[:40]!r} here",
            f"此处没有格式 {asked[:40]!r}",
            mend_en=f"Use one of: {', '.join(offered)}.",
            mend_zh=f"可用：{'、'.join(offered)}。",
            parameter="f",
        )
    return _by_accept(request.headers.get("accept", "*/*"), offered, default)


def _by_accept(accept: str, offered: Mapping[str, str], default: str) -> str:
    if accept == "*/*":
        return default
    best: tuple[float, str] | None = None
    for range_, weight in _ranges(accept):
        names = [default, *(name for name in offered if name != default)]
        name = next((n for n in names if _fits(range_, offered[n])), None)
        if name is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, name)
    if best is None:
        raise NotAcceptable(
            f"Served here: {', '.join(offered.values())}",
            f"此处提供：{'、'.join(offered.values())}",
            mend_en="Change the Accept header, or use the parameter f.",
            mend_zh="请修改 Accept 请求头，或使用参数 f。",
        )
    return best[1]


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        range_, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        found.append((range_.lower() or "*/*", weight))
    return found


def _fits(range_: str, media_type: str) -> bool:
    plain = media_type.partition(";")[0]
    if range_ in ("*/*", plain) or (range_.endswith("/*") and plain.startswith(range_[:-1])):
        return True
    return range_ == JSON and plain.endswith("+json")


FORMATS = {"mvt": MVT, MVT: MVT}
