"""Texts of unknown encoding: byte-order marks, UTF-8, else cp1250 or Latin-1."""

from __future__ import annotations

import codecs

from spatial.errors import BadParameter

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(body: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return a text and the encoding in which it was read.

    Where it is neither marked nor UTF-8, bytes that Latin-1 leaves to controls tell cp1250.

    Raises
    ------
    BadParameter
        It is not in the encoding that was named, or there is none of that name.
    """
    if encoding is not None:
        return _named(body, encoding)
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _named(body, name)
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    if any(0x80 <= byte <= 0x9F for byte in body):
        return body.decode("cp1250", "replace"), "cp1250"
    return body.decode("latin-1"), "latin-1"


def _named(body: bytes, encoding: str) -> tuple[str, str]:
    try:
        return body.decode(encoding), encoding
    except (UnicodeDecodeError, LookupError) as error:
        raise BadParameter(
            f"the file is not {encoding}: {error}",
            f"文件不是 {encoding} 编码：{error}",
            mend_en="Name its encoding, such as --encoding cp1250.",
            mend_zh="请用 --encoding 写明编码，例如 cp1250。",
        ) from error
