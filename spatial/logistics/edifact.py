"""Segments of an EDIFACT interchange (ISO 9735), by the signs that its UNA segment names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DEFAULT = ":+.? '"


class NotEdifact(ValueError):
    """What is no interchange: in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Signs:
    """The service signs: between components, between elements, decimal mark, release, end."""

    component: str
    element: str
    decimal: str
    release: str
    end: str

    @classmethod
    def of(cls, una: str) -> Signs:
        """Return the six signs behind `UNA`.

        Raises
        ------
        NotEdifact
            They are not six, or two that must differ are the same.
        """
        if len(una) < 6:
            raise NotEdifact("UNA 段不完整", "the UNA segment is cut short")
        component, element, decimal, release, _, end = list(una[:6])
        different = {component, element, end} | ({release} if release != " " else set())
        if len(different) < 4 - (release == " ") or decimal not in ".,":
            raise NotEdifact(
                f"UNA 段不可用：{una[:6]!r}", f"the UNA segment cannot be: {una[:6]!r}"
            )
        return cls(component, element, decimal, release, end)


@dataclass(frozen=True)
class Segment:
    """A segment: its number in the interchange from 1, its tag, its elements of components."""

    number: int
    tag: str
    elements: tuple[tuple[str, ...], ...]

    def get(self, element: int, component: int = 0) -> str:
        """Return a component by its place, from 0; empty where there is none."""
        if element >= len(self.elements) or component >= len(self.elements[element]):
            return ""
        return self.elements[element][component]


@dataclass(frozen=True)
class Interchange:
    """The segments of a text with the signs that they were written with."""

    signs: Signs
    segments: Sequence[Segment]

    def number(self, text: str) -> float:
        """Return a number as this interchange writes it.

        Raises
        ------
        ValueError
            It is none; the other decimal mark is none here.
        """
        other = "," if self.signs.decimal == "." else "."
        if other in text:
            raise ValueError(f"{text!r}: the decimal mark is {self.signs.decimal!r}")
        return float(text.replace(self.signs.decimal, "."))


def is_edifact(text: str) -> bool:
    """Tell whether a text begins as an interchange does."""
    return text.lstrip("\ufeff\r\n\t ")[:3] in ("UNA", "UNB")


def read_interchange(text: str) -> Interchange:
    """Return the segments of an interchange.

    Raises
    ------
    NotEdifact
        It does not begin with UNA or UNB, or its last segment has no end.
    """
    body = text.lstrip("\ufeff\r\n\t ")
    signs = Signs.of(DEFAULT)
    if body.startswith("UNA"):
        signs, body = Signs.of(body[3:]), body[9:]
    if not body.lstrip().startswith("UNB"):
        raise NotEdifact("没有交换头 UNB", "there is no interchange header UNB")
    segments = [
        Segment(number, elements[0][0], tuple(elements[1:]))
        for number, elements in enumerate(_segments(body, signs), 1)
    ]
    return Interchange(signs, segments)


def _segments(body: str, signs: Signs) -> Iterator[list[tuple[str, ...]]]:
    """Yield the elements of each segment; a released sign is text."""
    elements: list[tuple[str, ...]] = []
    components: list[str] = []
    held: list[str] = []
    place, size = 0, len(body)
    begun = False
    while place < size:
        sign = body[place]
        place += 1
        if sign == signs.release and signs.release != " ":
            held.append(body[place : place + 1])
            place += 1
            continue
        if sign not in (signs.component, signs.element, signs.end):
            if begun or not sign.isspace():  # lines may end behind segments
                begun = True
                held.append(sign)
            continue
        components.append("".join(held))
        held = []
        if sign != signs.component:
            elements.append(tuple(components))
            components = []
        if sign == signs.end:
            yield elements
            elements, begun = [], False
    if elements or components or "".join(held).strip():
        raise NotEdifact("最后一段没有结束符", "the last segment has no end")
