"""An extraction with the text and the picture that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image
from pydantic import Field

from schema.extraction import Extraction
from umie_client.drawing import draw
from umie_client.errors import ImageUnreadable, InvalidArgument
from umie_client.markup import fragment, page
from umie_client.pictures import ImageSource, Kept, data_of, kept, opened
from umie_client.rows import frames_of, rows_of

if TYPE_CHECKING:
    import pandas


class Result(Extraction):
    """The service's answer, which can draw itself and be turned into other forms.

    `text` is the text as it was sent, so `text[entity.start:entity.end]` is an entity's span.
    `picture` is the picture's file or its path, and no part of the result's JSON:
    `Result.model_validate_json(result.model_dump_json())` is the same result without it.
    """

    text: str
    picture: Kept | None = Field(None, exclude=True, repr=False)

    def draw(self, image: ImageSource | None = None) -> Image.Image:
        """The picture with boxes over it (see `umie_client.drawing.draw`).

        `image` stands in for the picture that was sent. Raises `InvalidArgument` where there is
        neither, and `ImageUnreadable`.
        """
        if isinstance(image, Image.Image):
            return draw(self, image)
        picture = self.picture if image is None else kept(image)
        if picture is None:
            raise InvalidArgument("the result has no picture; give one: draw(image)")
        return draw(self, opened(data_of(picture)))

    def to_html(self, image: ImageSource | None = None) -> str:
        """A page of its own (see `umie_client.markup.page`); raises `ImageUnreadable`."""
        picture = self.picture if image is None else kept(image)
        return page(self, self.text, None if picture is None else data_of(picture))

    def to_rows(self) -> list[dict[str, Any]]:
        """Everything in the answer as flat rows (see `umie_client.rows.rows_of`)."""
        return rows_of(self)

    def to_frames(self) -> dict[str, pandas.DataFrame]:
        """A data frame for each kind of row (see `umie_client.rows.frames_of`).

        Raises `MissingExtra` without pandas.
        """
        return frames_of(self)

    def to_turtle(self, base: str | None = None, picture: str | None = None) -> str:
        """The answer as linked data in Turtle (see `umie_client.linked.graph_of`).

        `base` is the address of the text and `picture` that of the picture; without them both get
        names that are made of their content. Raises `MissingExtra` without rdflib.
        """
        from umie_client.linked import turtle_of

        return turtle_of(self, self.text, base, picture)

    def to_jsonld(self, base: str | None = None, picture: str | None = None) -> dict[str, Any]:
        """The same as a JSON-LD document, a tree for `json.dumps`."""
        from umie_client.linked import jsonld_of

        return jsonld_of(self, self.text, base, picture)

    def _repr_html_(self) -> str:
        try:
            data = None if self.picture is None else data_of(self.picture)
        except ImageUnreadable:
            data = None
        return fragment(self, self.text, data)
