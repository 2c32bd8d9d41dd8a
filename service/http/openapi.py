"""Print the OpenAPI document of the service with default settings.

`python -m service.http.openapi > docs/openapi.json` writes the copy in the documentation.
"""

from __future__ import annotations

import json
import sys
from typing import Any, cast

from service.engine.interface import Engine
from service.http.app import create_app
from service.http.routes.catalogue import ModelInfo
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.settings import Settings


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, from an application without engine and pipeline."""
    model = ModelInfo("umie@0", "fp32", "cpu", (), 0, 0, 0)
    app = create_app(Settings(), cast(Engine, None), cast(Extractor, None), Metrics(), model)
    return app.openapi()


def main() -> None:
    """Print the document as indented JSON."""
    json.dump(openapi_document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
