"""Label inventories of the open sets: what their codes are called in plain words.

The YAML files have the layout of `tasks/ontologies`. They are not offered to requests.
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
