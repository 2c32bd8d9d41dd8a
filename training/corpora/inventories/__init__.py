"""Label inventories of the open sets, with plain words for their codes.

The YAML files have the format of `tasks/ontologies`. Requests cannot use them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from tasks.ontology import Ontology, parse

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATOR = re.compile(r"[\s_/-]+")


@cache
def inventory(name: str) -> Ontology:
    """The inventory of the file `name`; FileNotFoundError if there is none."""
    text = files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return parse(yaml.safe_load(text))


def plain_word(code: str) -> str:
    """A code such as "Commerce_pay" or "PlaceOfEmployment" in plain lower-case words."""
    return _SEPARATOR.sub(" ", _CAMEL.sub(" ", code)).strip().lower()
