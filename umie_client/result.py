"""An extraction with its text and image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image
from pydantic import Field

from schema.extraction import Extraction
from umie_client.drawing import draw
from umie_client.errors import ImageUnreadable, InvalidArgument
from umie_client.markup import fragment, page
from umie_client.parts import SentPart, part_of
from umie_client.pictures import ImageSource, Kept, data_of, kept, opened
from umie_client.rows import frames_of, rows_of

if TYPE_CHECKING:
    import pandas


class Result(Extraction):
    """An extraction that can be drawn and converted to other formats.

    Attributes:
        text: the text as sent, so `text[entity.start:entity.end]` is the span of an entity.
        picture: the image file or its path. It is not part of the JSON:
            `Result.model_validate_json(result.model_dump_json())` is the result without it.
        parts: the parts of a request as sent; not part of the JSON either. `part` gives what the
            result says of one of them.
    """

    text: str
    picture: Kept | None = Field(None, exclude=True, repr=False)
    parts: tuple[SentPart, ...] = Field((), exclude=True, repr=False)

    def part(self, index: int) -> Result:
        """Return the result of one part of a request, with its text and image.

        Raises:
            InvalidArgument: there is no such part.
        """
        if not 0 <= index < len(self.parts):
            raise InvalidArgument(f"there is no part {index}; the result has {len(self.parts)}")
        sent = self.parts[index]
        update = {"text": sent.text, "picture": sent.picture, "parts": ()}
        return self.model_copy(update=update | part_of(self, index))

    def draw(self, image: ImageSource | None = None) -> Image.Image:
        """Draw the boxes on the image (see `umie_client.drawing.draw`).

        Args:
            image: an image to draw on instead of the one that was sent.

        Raises:
            InvalidArgument: there is no image, or the request has several parts.
            ImageUnreadable: the image cannot be decoded.
        """
        self._check_single()
        if isinstance(image, Image.Image):
            return draw(self, image)
        picture = self.picture if image is None else kept(image)
        if picture is None:
            raise InvalidArgument("the result has no image; pass one: draw(image)")
        return draw(self, opened(data_of(picture)))

    def to_html(self, image: ImageSource | None = None) -> str:
        """Render an HTML page (see `umie_client.markup.page`); raises `ImageUnreadable`."""
        self._check_single()
        picture = self.picture if image is None else kept(image)
        return page(self, self.text, None if picture is None else data_of(picture))

    def to_rows(self) -> list[dict[str, Any]]:
        """Convert all results to flat rows (see `umie_client.rows.rows_of`)."""
        return rows_of(self)

    def to_frames(self) -> dict[str, pandas.DataFrame]:
        """Convert to one data frame per kind of row (see `umie_client.rows.frames_of`).

        Raises:
            MissingExtra: pandas is not installed.
        """
        return frames_of(self)

    def to_turtle(self, base: str | None = None, picture: str | None = None) -> str:
        """Convert to linked data in Turtle (see `umie_client.linked.graph_of`).

        Args:
            base: URI of the text; by default derived from the text.
            picture: URI of the image; by default derived from the result.

        Raises:
            MissingExtra: rdflib is not installed.
        """
        self._check_single()
        from umie_client.linked import turtle_of

        return turtle_of(self, self.text, base, picture)

    def to_jsonld(self, base: str | None = None, picture: str | None = None) -> dict[str, Any]:
        """Convert to linked data as a JSON-LD document for `json.dumps`; see `to_turtle`."""
        self._check_single()
        from umie_client.linked import jsonld_of

        return jsonld_of(self, self.text, base, picture)

    def _check_single(self) -> None:
        if self.parts:
            raise InvalidArgument("the result is of several parts; take one: result.part(0)")

    def _repr_html_(self) -> str:
        if self.parts:
            return "".join(self.part(at)._repr_html_() for at in range(len(self.parts)))
        try:
            data = None if self.picture is None else data_of(self.picture)
        except ImageUnreadable:
            data = None
        return fragment(self, self.text, data)
