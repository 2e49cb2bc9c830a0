"""What was printed, as pixels, and the codes in it as a scanner reads them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pypdfium2  # type: ignore[import-untyped]  # it has none
import zxingcpp
from PIL.Image import Image

BARS, SQUARE = "Code 128", "Data Matrix"
_POINTS_PER_INCH = 72


class Page(NamedTuple):
    """A page as a printer puts it on paper."""

    image: Image
    text: str
    size: tuple[float, float]

    def codes(self) -> list[tuple[str, str]]:
        """Return which codes are on it: their kinds and what they say."""
        return sorted((str(one.format), one.text) for one in self.found())

    def found(self) -> list[Any]:
        """Return the codes as zxing found them, with where they are."""
        return list(zxingcpp.read_barcodes(self.image))


def pages(pdf: bytes, dots_per_inch: int = 300) -> list[Page]:
    """Return the pages of a PDF, in millimetres and in pixels."""
    document = pypdfium2.PdfDocument(pdf)
    scale = dots_per_inch / _POINTS_PER_INCH
    return [
        Page(
            page.render(scale=scale).to_pil().convert("L"),
            page.get_textpage().get_text_bounded(),
            (
                round(page.get_width() / _POINTS_PER_INCH * 25.4, 1),
                round(page.get_height() / _POINTS_PER_INCH * 25.4, 1),
            ),
        )
        for page in document
    ]
