"""Problem documents (RFC 9457): one table from error to status, texts zh or en."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from time import monotonic
from typing import NotRequired, TypedDict, cast

import asyncpg
import orjson
import psycopg
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.http.app_state import own
from api.http.media_types import PROBLEM
from api.http.nul import find_in_body
from spatial.errors import (
    BadParameter,
    Busy,
    NotFound,
    OutOfScope,
    SchemaDiffers,
    SetupError,
    SigangError,
    StorageFull,
    TimedOut,
    TooComplex,
    Unauthenticated,
)

log = logging.getLogger("sigang")

CLIENT_LEFT = 499
RETRY_S = 5
"""When to come back to a server that is busy or away, where nothing better is known."""
BASIC = 'Basic realm="sigang", charset="UTF-8"'
BEARER = 'Bearer realm="sigang"'
"""What a page is asked for: a browser would keep a Basic password and send it by itself."""
OF_PAGES = ("sec-fetch-mode", "origin", "referer")
"""Headers that browsers send, the last two also where they do not trust the connection."""
LISTED = 20
"""Members of a body that a problem names."""

FOREIGN: dict[type[Exception], type[SigangError]] = {
    asyncpg.QueryCanceledError: TimedOut,
    asyncpg.DataError: BadParameter,
    asyncpg.exceptions.ProgramLimitExceededError: TooComplex,
    asyncpg.exceptions.InsufficientPrivilegeError: OutOfScope,
    asyncpg.UndefinedColumnError: SchemaDiffers,
    asyncpg.UndefinedTableError: SchemaDiffers,
    asyncpg.UndefinedFunctionError: SchemaDiffers,
    asyncpg.DiskFullError: StorageFull,
    asyncpg.ReadOnlySQLTransactionError: StorageFull,
    asyncpg.exceptions.InsufficientResourcesError: Busy,
    asyncpg.PostgresConnectionError: SetupError,
    asyncpg.CannotConnectNowError: SetupError,
    asyncpg.AdminShutdownError: SetupError,
    asyncpg.CrashShutdownError: SetupError,
    asyncpg.InterfaceError: SetupError,
    ConnectionError: SetupError,
    TimeoutError: SetupError,
    RequestValidationError: BadParameter,
    psycopg.errors.DiskFull: StorageFull,
    psycopg.errors.ReadOnlySqlTransaction: StorageFull,
    psycopg.DataError: BadParameter,
    psycopg.OperationalError: SetupError,
}
"""Errors of others, by the error of ours that a user meets; the first match counts."""

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
STATES = (Busy, SetupError, StorageFull, TimedOut)
"""States of the server, not faults of its code: the log has one line of a kind now and then."""
TELL_EVERY_S = 10.0

TEXTS: dict[type[SigangError], tuple[str, str, str, str]] = {
    TimedOut: (
        "The query took longer than its limit and was cancelled",
        "查询超过时限，已取消",
        "Ask for a smaller area, fewer rows or a simpler filter.",
        "请缩小范围、减少行数或简化过滤条件。",
    ),
    BadParameter: (
        "A value cannot be used in this query",
        "查询中有无法使用的值",
        "Check the types and ranges of the values against the queryables.",
        "请对照 queryables 检查值的类型和范围。",
    ),
    TooComplex: (
        "The query is too complex for the database",
        "查询过于复杂，数据库无法执行",
        "Use fewer conditions, or IN (1, 2, 3) in place of many.",
        "请减少条件，或用 IN (1, 2, 3) 代替多个条件。",
    ),
    OutOfScope: ("The database refuses this to you", "数据库拒绝了此操作", "", ""),
    Busy: ("Too many requests at once", "并发请求过多", "Try again shortly.", "请稍后重试。"),
    StorageFull: (
        "The server's disk is nearly full: nothing can be written, all can be read",
        "服务器磁盘将满：暂不能写入，仍可读取",
        "Try again later; the administrator frees space, writes are then allowed by themselves.",
        "请稍后重试；管理员释放空间后将自动恢复写入。",
    ),
    SchemaDiffers: (
        "The database is not as this resource needs it; others answer",
        "数据库结构与该资源的声明不符；其他资源不受影响",
        "The administrator finds what is missing with ./sigang doctor.",
        "管理员可用 ./sigang doctor 查找缺少的内容。",
    ),
    SetupError: (
        "The database does not answer",
        "数据库无响应",
        "Try again shortly; the administrator finds the cause with ./sigang doctor.",
        "请稍后重试；管理员可用 ./sigang doctor 查找原因。",
    ),
}


class MethodNotAllowed(SigangError):
    """The resource exists, but not with this method."""

    type, status = "method-not-allowed", 405
    title_zh, title_en = "方法不允许", "Method not allowed"


class NotAcceptable(SigangError):
    """The resource exists, but in none of the formats asked for."""

    type, status = "not-acceptable", 406
    title_zh, title_en = "无可用格式", "Not acceptable"


BY_STATUS: dict[int, type[SigangError]] = {
    400: BadParameter,
    401: Unauthenticated,
    403: OutOfScope,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
}


def pick_language(asked: str | None, accept: str | None) -> str:
    """Return `zh` or `en`: the `lang` parameter, else the first known of Accept-Language."""
    if asked:
        return "en" if asked.lower().startswith("en") else "zh"
    best, language = 0.0, "zh"
    for part in (accept or "").split(","):
        tag, _, rest = part.strip().partition(";")
        weight = _weight(rest)
        if tag[:2].lower() in ("zh", "en") and weight > best:
            best, language = weight, tag[:2].lower()
    return language


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Problem(TypedDict):
    """A problem document (RFC 9457); an error adds members of its own."""

    type: str
    title: str
    status: int
    detail: str
    mend: NotRequired[str]


def problem_document(error: SigangError, lang: str) -> Problem:
    """Return the problem document of an error in one language."""
    zh = lang == "zh"
    document: Problem = {
        "type": error.type if "://" in error.type else f"/problems/{error.type}",
        "title": error.title_zh if zh else error.title_en,
        "status": error.status,
        "detail": error.zh if zh else error.en,
    }
    mend = error.mend_zh if zh else error.mend_en
    if mend:
        document["mend"] = mend
    return cast(Problem, {**error.extra, **document})


def problem_response(
    error: SigangError, headers: Mapping[str, str], lang: str | None = None
) -> Response:
    """Return the response that an error becomes.

    Parameters
    ----------
    error
        What went wrong.
    headers
        Headers of the request, for its languages.
    lang
        The request's `lang` parameter.
    """
    language = pick_language(lang, headers.get("accept-language"))
    out = {"content-language": language, "cache-control": "no-store"}
    if error.status == 401:
        page = any(name in headers for name in OF_PAGES)
        out["www-authenticate"] = BEARER if page else BASIC
    if error.status in (429, 503):
        out["retry-after"] = str(error.extra.get("retry_after_s", RETRY_S))
    if error.status == 413:
        out["connection"] = "close"
    if isinstance(error, MethodNotAllowed) and "allow" in error.extra:
        out["allow"] = str(error.extra["allow"])
    body = orjson.dumps(problem_document(error, language))
    return Response(body, error.status, out, media_type=PROBLEM)


def translate(error: Exception) -> SigangError:
    """Return the error of ours that stands for any exception; unknown ones are internal."""
    if isinstance(error, SigangError):
        return error
    if isinstance(error, HTTPException):
        cause = error.__cause__  # of an error of ours that the framework met reading a body
        return cause if isinstance(cause, SigangError) else _of_status(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return _of_foreign(StorageFull)
    for foreign, ours in FOREIGN.items():
        if isinstance(error, foreign):
            return _of_foreign(ours)
    return SigangError("The server met an error of its own", "服务器内部出错")


def _of_foreign(ours: type[SigangError]) -> SigangError:
    en, zh, mend_en, mend_zh = TEXTS[ours]
    return ours(en, zh, mend_en=mend_en, mend_zh=mend_zh)


def _of_status(error: HTTPException) -> SigangError:
    kind = BY_STATUS.get(error.status_code, SigangError if error.status_code >= 500 else NotFound)
    extra = {k.lower(): v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
    titles = {
        404: ("There is nothing at this address", "此地址没有内容"),
        405: ("This address does not take this method", "此地址不支持该方法"),
    }
    en, zh = titles.get(error.status_code, (str(error.detail), str(error.detail)))
    return kind(en, zh, **extra)


def _of_validation(error: RequestValidationError) -> SigangError:
    found = error.errors()
    places = [
        {"in": ".".join(str(part) for part in item["loc"]), "why": item["msg"]}
        for item in found[:LISTED]
    ]
    first = found[0]["loc"] if found else ()
    pointer = "".join(f"/{part}" for part in first[1:]) if first[:1] == ("body",) else None
    names = ", ".join(place["in"] for place in places)
    names += f" … ({len(found)})" if len(found) > LISTED else ""
    return BadParameter(
        f"Cannot be used: {names}",
        f"无法使用：{names}",
        mend_en="Correct the members listed under invalid.",
        mend_zh="请更正 invalid 中列出的成员。",
        invalid=places,
        **({} if pointer is None else {"pointer": pointer}),
    )


async def handle(request: Request, error: Exception) -> Response:
    """Answer a request that raised; the one exception handler of the application."""
    ours = find_in_body(request, error) or translate(error)
    if isinstance(ours, STATES):
        own(request.app, Told).tell(request, error, ours)
    elif ours.status >= 500:
        log.error("%s %r: %s", request.method, request.url.path, error, exc_info=error)
    _let_go(error)
    return problem_response(ours, request.headers, request.query_params.get("lang"))


class Told:
    """Lines about states of the server, which meet many requests: one of a kind now and then."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, int]] = {}

    def tell(self, request: Request, error: Exception, state: SigangError) -> None:
        """Write a line if the last of its kind was long ago."""
        last, left_out = self._last.get(state.type, (-TELL_EVERY_S, 0))
        if monotonic() - last < TELL_EVERY_S:
            self._last[state.type] = last, left_out + 1
            return
        self._last[state.type] = monotonic(), 0
        more = f"; {left_out} more since the last line" if left_out else ""
        path = request.url.path
        why = repr(error.__cause__ or error)
        log.error("%s: %s %r: %s%s", state.type, request.method, path, why, more)


async def client_left(request: Request, error: Exception) -> Response:
    """Note that nobody reads the answer."""
    log.info("%s: the client left", request.url.path)
    _let_go(error)
    return Response(status_code=CLIENT_LEFT)


def _let_go(error: BaseException | None) -> None:
    """Forget where an error came from.

    Its traceback holds all that was at hand there, such as a whole road network, and is often held
    by that itself: such a ring stays until Python looks for rings, which it seldom does.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
