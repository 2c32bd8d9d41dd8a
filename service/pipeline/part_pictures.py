"""The pictures of a request: encoded a few at a time, all or none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from service.observability.timing import StageTimer
from service.pipeline.parts import Section, parts_of
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings
from service.vision.encoder import EncodedImage, ImageEncoder
from tasks.errors import ImageError, ImageTooLarge, LimitError


class PartPictures:
    """Encodes the pictures of one request."""

    def __init__(self, encoder: ImageEncoder, settings: Settings, timer: StageTimer) -> None:
        """Create it.

        Args:
            encoder: encodes one picture.
            settings: limits and how many pictures are encoded at once.
            timer: receives the milliseconds of each stage, summed over the pictures.
        """
        self._encoder, self._timer = encoder, timer
        self._slots = asyncio.Semaphore(settings.image_threads)
        self._left = self._most = settings.max_document_pixels

    async def encode(
        self, request: ExtractionRequest, sections: Sequence[Section]
    ) -> dict[int, EncodedImage]:
        """The encoded pictures by the index of their part; where one fails, the others are dropped.

        Args:
            request: the request.
            sections: its texts, which some proposers read.

        Raises:
            ImageError: a leaf of it, if a picture cannot be used; of several parts it names one.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        files = {at: p.image for at, p in enumerate(parts_of(request)) if p.image is not None}
        running = [
            asyncio.ensure_future(self._encode(request, at, data, sections))
            for at, data in files.items()
        ]
        try:
            return dict(zip(files, await asyncio.gather(*running), strict=True))
        finally:
            for task in running:
                task.cancel()

    async def _encode(
        self, request: ExtractionRequest, at: int, data: bytes, sections: Sequence[Section]
    ) -> EncodedImage:
        text = "\n".join(section.request.text for section in sections if section.picture == at)
        async with self._slots:
            try:
                image = await self._encoder.encode(data, self._timer, request.regions, text)
                if request.parts is not None:
                    self._count(image)
            except ImageError as error:
                if request.parts is None:
                    raise
                raise _of_part(at, error) from error
        return image

    def _count(self, image: EncodedImage) -> None:
        """Raise `ImageTooLarge` where all pictures together have too many pixels."""
        self._left -= image.width * image.height
        if self._left < 0:
            raise ImageTooLarge(
                f"with this picture the request has more than {self._most} pixels; send smaller "
                "pictures or fewer",
                limit=self._most,
            )


def _of_part(at: int, error: ImageError) -> ImageError:
    message = f"part {at}: {error}"
    if isinstance(error, LimitError):
        return type(error)(message, limit=error.limit)
    return type(error)(message)
