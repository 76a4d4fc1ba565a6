"""The error tree: every failure that a user may meet, with a stable type and how to mend it.

`api.http.problems` maps each class to an HTTP status and RFC 9457 problem JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatial.json_types import Shown  # which loads NumPy: every command raises these errors


class SigangError(Exception):
    """Base of all errors that a user may meet.

    Parameters
    ----------
    zh, en
        What is wrong and where, in both languages.
    mend_zh, mend_en
        How to mend it.
    extra
        Members added to the problem document (JSON types only).
    """

    type = "internal"
    status = 500
    title_zh = "内部错误"
    title_en = "Internal error"

    def __init__(
        self, en: str, zh: str = "", *, mend_en: str = "", mend_zh: str = "", **extra: Shown
    ) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh or en
        self.mend_en = mend_en
        self.mend_zh = mend_zh or mend_en
        self.extra = extra


class BadParameter(SigangError):
    """A request parameter or body member cannot be used."""

    type, status = "bad-parameter", 400
    title_zh, title_en = "参数错误", "Bad parameter"


class BadCoordinate(BadParameter):
    """A coordinate is out of range, not finite, or has its axes swapped."""

    type = "bad-coordinate"
    title_zh, title_en = "坐标错误", "Bad coordinate"


class TooComplex(BadParameter):
    """A query has more parts, or is nested deeper, than the database takes."""


class Unauthenticated(SigangError):
    """No valid sign-in, token or key."""

    type, status = "unauthenticated", 401
    title_zh, title_en = "未登录", "Not signed in"


class OutOfScope(SigangError):
    """The actor may not do this here."""

    type, status = "scope", 403
    title_zh, title_en = "超出权限范围", "Out of scope"


class NotFound(SigangError):
    """No such thing, or none that the actor may see."""

    type, status = "not-found", 404
    title_zh, title_en = "未找到", "Not found"


_PROCESSES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"


class NoSuchProcess(NotFound):
    """No such process; OGC API Processes names the type."""

    type = f"{_PROCESSES}/no-such-process"
    title_zh, title_en = "没有该处理", "No such process"


class NoSuchJob(NotFound):
    """No such job, or none of the actor's."""

    type = f"{_PROCESSES}/no-such-job"
    title_zh, title_en = "没有该任务", "No such job"


class ResultNotReady(NotFound):
    """The job has not ended yet."""

    type = f"{_PROCESSES}/result-not-ready"
    title_zh, title_en = "结果尚未就绪", "Result not ready"


class StaleVersion(SigangError):
    """A version asked for or held is not the current one."""

    type, status = "stale-version", 409
    title_zh, title_en = "版本过期", "Stale version"


class Conflict(SigangError):
    """The state of the thing does not allow this."""

    type, status = "conflict", 409
    title_zh, title_en = "状态冲突", "Conflict"


class PreconditionFailed(SigangError):
    """An If-Match header names another version."""

    type, status = "precondition-failed", 412
    title_zh, title_en = "前置条件不符", "Precondition failed"


class KeyReused(SigangError):
    """An Idempotency-Key came again with another request."""

    type, status = "idempotency-key-reused", 422
    title_zh, title_en = "幂等键重复使用", "Idempotency key reused"


class Unreachable(SigangError):
    """No path exists between two points for this vehicle now."""

    type, status = "unreachable", 422
    title_zh, title_en = "不可到达", "Unreachable"


class NoSnap(SigangError):
    """A point has no usable network within the snapping distance."""

    type, status = "no-snap", 422
    title_zh, title_en = "附近无路网", "No network nearby"


class LimitViolated(SigangError):
    """Every path breaks a limit of the vehicle."""

    type, status = "limit-violated", 422
    title_zh, title_en = "超出限制", "Limit violated"


class Quarantined(SigangError):
    """A file or its rows were refused; nothing was changed."""

    type, status = "quarantined", 422
    title_zh, title_en = "数据已隔离", "Quarantined"


class ConfigError(SigangError):
    """A declaration or setting is wrong; names file and key."""

    type, status = "config", 500
    title_zh, title_en = "配置错误", "Configuration error"


class WrongDeclaration(ConfigError):
    """A declaration that somebody asks to be read is wrong; the one before stays in force."""

    status = 422


class SetupError(SigangError):
    """The machine or the database cannot be used as it is."""

    type, status = "setup", 503
    title_zh, title_en = "环境错误", "Set-up error"


class RuleMissing(SetupError):
    """A rule that the answer needs is not in force; names its key."""

    type = "rule-missing"
    title_zh, title_en = "缺少规则", "Rule missing"


class SchemaDiffers(SetupError):
    """The database lacks a column, table or function that the answer needs."""

    type = "schema-differs"
    title_zh, title_en = "数据库结构不符", "Schema differs"


class BodyTooLarge(SigangError):
    """The body of a request has more bytes, or a geometry more vertices, than are taken."""

    type, status = "body-too-large", 413
    title_zh, title_en = "请求体过大", "Body too large"


class UrlTooLong(SigangError):
    """The address of a request is longer than is taken."""

    type, status = "url-too-long", 414
    title_zh, title_en = "请求地址过长", "Address too long"


class EncodedBody(SigangError):
    """The body of a request is packed in a way that is not taken."""

    type, status = "encoded-body", 415
    title_zh, title_en = "不支持的请求体编码", "Encoded body"


class RequestTooSlow(SigangError):
    """A request did not come whole in time."""

    type, status = "request-too-slow", 408
    title_zh, title_en = "请求发送超时", "Request too slow"


class HeadTooLarge(SigangError):
    """Request line and headers are larger than is taken."""

    type, status = "head-too-large", 431
    title_zh, title_en = "请求头过大", "Headers too large"


class Busy(SigangError):
    """Too many requests of this kind at once."""

    type, status = "busy", 503
    title_zh, title_en = "繁忙", "Busy"


class TooMany(SigangError):
    """One caller asks for more than its share; `retry_after_s` says when to come back."""

    type, status = "too-many-requests", 429
    title_zh, title_en = "请求过多", "Too many requests"


class TilesNotReady(SigangError):
    """A layer's tiles cannot be made now."""

    type, status = "tiles-not-ready", 503
    title_zh, title_en = "瓦片暂不可用", "Tiles not ready"


class TimedOut(SigangError):
    """The query took longer than its limit and was cancelled."""

    type, status = "timed-out", 503
    title_zh, title_en = "查询超时", "Timed out"


class DatabaseAway(SetupError, ConnectionError):
    """The database does not answer, or the connection to it was lost."""


class DatabaseBusy(Busy, ConnectionError):
    """All connections to the database are in use, for longer than anybody should wait."""


class StorageFull(SigangError):
    """There is no room for what is to be written; what is there can be read."""

    type, status = "storage-full", 507
    title_zh, title_en = "存储空间不足", "Storage full"
