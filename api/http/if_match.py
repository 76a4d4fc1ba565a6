"""The version of a thing that a change was made from."""

from __future__ import annotations

from spatial.errors import PreconditionFailed

SHOWN_TAG = 40
"""Characters of a header that an error shows."""


def check_match(given: str | None, version: int) -> None:
    """Compare an If-Match header with the version held.

    Raises
    ------
    PreconditionFailed
        It is missing, or another version.
    """
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in (given or "").split(",")]
    if str(version) not in tags and "*" not in tags:
        shown = (given or "")[:SHOWN_TAG]
        raise PreconditionFailed(
            f"It is at version {version}; If-Match names {shown or 'none'}",
            f"当前版本为 {version}；If-Match 为 {shown or '空'}",
            mend_en='Read it again and send If-Match: "VERSION".',
            mend_zh='请重新读取，并发送 If-Match: "版本号"。',
            version=version,
        )
