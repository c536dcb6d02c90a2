"""Text is text: one line with visible characters, whose direction controls end where they begin.

Nothing is ever stripped or rewritten except white space at both ends.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_BREAKS: Final = {"Cc": "a control character", "Cs": "half a character", "Zl": "a line break", "Zp": "a line break"}

_EMBEDDINGS: Final = "\u202a\u202b"
_OVERRIDES: Final = "\u202d\u202e"
_ISOLATES: Final = "\u2066\u2067\u2068"
_POP_EMBEDDING: Final = "\u202c"
_POP_ISOLATE: Final = "\u2069"
_CONTROLS: Final = frozenset(_EMBEDDINGS + _OVERRIDES + _ISOLATES + _POP_EMBEDDING + _POP_ISOLATE)
"""All that control the direction of letters."""

_BLANK: Final = [
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian selectors
    (0x2065, 0x2065),
    (0x2800, 0x2800),  # Braille without a dot
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),  # Hangul filler, half as wide
    (0xFFF0, 0xFFF8),
    (0x16FE4, 0x16FE4),  # Khitan filler
    (0x1D159, 0x1D159),  # musical symbol null notehead
    (0xE0000, 0xE0FFF),  # tags and more variation selectors
]
"""Characters that show nothing, though their category does not show it: default ignorable ones (UAX #44) and blanks."""

_SHOWN: Final = [(0x0600, 0x0605), (0x06DD, 0x06DD), (0x070F, 0x070F), (0x0890, 0x0891), (0x08E2, 0x08E2)]
"""Format characters that do show: signs over or around the digits after them."""


def one_line(text: str) -> str:
    """Return a text without white space at its ends; a text without visible characters is empty.

    Raises:
        ValueError: it is more than one line, or its direction controls are not balanced.
    """
    text = unbroken(text.strip())
    _check_directions(text)
    return "" if all(map(_is_blank, text)) else text


def unbroken(text: str) -> str:
    """Return a text as it is.

    Raises:
        ValueError: it has a line break, a control character or half a character.
    """
    if text.isascii() and text.isprintable():
        return text  # as most are; the rest of this costs 4 µs
    for character in text:
        if (fault := _BREAKS.get(unicodedata.category(character))) is not None:
            raise ValueError(f"has {fault} (U+{ord(character):04X}); write one plain line")
    return text


def _is_blank(character: str) -> bool:
    ranges = _SHOWN if (control := unicodedata.category(character) in ("Cf", "Zs")) else _BLANK
    return any(first <= ord(character) <= last for first, last in ranges) != control


def _check_directions(text: str) -> None:
    """Check that each control of direction ends within its text (UAX #9, sections 2 and 3.3.2).

    A control that is not closed, or closes what the text did not open, reaches into the text around it.
    """
    if _CONTROLS.isdisjoint(text):
        return
    opened: list[str] = []
    for character in text:
        name = f"U+{ord(character):04X}"
        if character in _OVERRIDES:
            raise ValueError(f"overrides the direction of its letters ({name}); write them in the order they are read")
        if character in _EMBEDDINGS or character in _ISOLATES:
            opened.append(character)
        elif character in (_POP_EMBEDDING, _POP_ISOLATE):
            openers = _EMBEDDINGS if character == _POP_EMBEDDING else _ISOLATES
            if not opened or opened.pop() not in openers:
                raise ValueError(f"closes a direction control that it did not open ({name})")
    if opened:
        raise ValueError(f"opens a direction control that it does not close (U+{ord(opened[-1]):04X})")
