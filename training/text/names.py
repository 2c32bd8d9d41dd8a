"""Names to insert into captions; a tenth of them is held out for testing."""

from __future__ import annotations

import random
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

import yaml

_HELD_OUT_SHARE = 10


@dataclass(frozen=True, slots=True)
class NamePool:
    """Given names by gender, surnames, and names of pets, vehicles, organizations and places."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    surname: tuple[str, ...]
    organization: tuple[str, ...] = ()
    location: tuple[str, ...] = ()
    pet: tuple[str, ...] = ()
    vehicle: tuple[str, ...] = ()

    def person(self, gender: str, generator: random.Random) -> str:
        """A name: mostly given name and surname; `gender` is "male", "female" or "any"."""
        pool = {"male": self.male, "female": self.female}.get(gender, self.male + self.female)
        given, surname = generator.choice(pool), generator.choice(self.surname)
        draw = generator.random()
        if draw < 0.6:
            return f"{given} {surname}"
        if draw < 0.75:
            return given
        if draw < 0.85:
            return surname
        if draw < 0.95:
            return f"{given} {generator.choice('ABCDEFGHJKLMNPRSTW')}. {surname}"
        return f"{given} {generator.choice(self.surname)} {surname}"


def is_held_out(name: str) -> bool:
    """Whether `name` is held out for testing; deterministic on every machine."""
    return sha256(name.encode()).digest()[0] % _HELD_OUT_SHARE == 0


@cache
def _shipped() -> dict[str, list[str]]:
    text = files("training.text").joinpath("names.yaml").read_text(encoding="utf-8")
    tree: dict[str, list[str]] = yaml.safe_load(text)
    return tree


def name_pool(
    *, held_out: bool, organizations: Set[str] = frozenset(), locations: Set[str] = frozenset()
) -> NamePool:
    """The names for training, or the names held out for testing.

    `organizations` and `locations` come from training documents, which have more than a fixed list.
    """

    def kept(names: list[str]) -> tuple[str, ...]:
        return tuple(name for name in names if is_held_out(name) is held_out)

    shipped = _shipped()
    return NamePool(
        male=kept(shipped["male"]),
        female=kept(shipped["female"]),
        surname=kept(shipped["surname"]),
        organization=kept(sorted(organizations)),
        location=kept(sorted(locations)),
        pet=kept(shipped["pet"]),
        vehicle=kept(shipped["vehicle"]),
    )
