"""What is installed is pinned, hashed and the same everywhere."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("uv", "runtime", "dev", "train")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


def entries(lock: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name -> (version, hashes) of every requirement of a lock."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    logical = re.sub(r"^ *#.*\n", "", text_of(lock), flags=re.MULTILINE).replace("\\\n", " ")
    for line in logical.splitlines():
        requirement = Requirement(re.split(r"\s--hash=", line)[0])
        pins = [pin.version for pin in requirement.specifier if pin.operator == "=="]
        assert len(pins) == len(requirement.specifier) == 1, f"{line} is not pinned"
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line))
        found[canonicalize_name(requirement.name)] = (pins[0], hashes)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_has_hashes(lock: str) -> None:
    locked = entries(lock)
    assert locked
    assert [name for name, (_, hashes) in locked.items() if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock: str) -> None:
    text = text_of(lock)
    assert re.findall(r"https?:|file:|git\+", text) == []
    # Neither options such as --index-url and --find-links, nor paths, in comments or elsewhere.
    assert [line for line in text.splitlines() if re.match(r"-|.*(^|[\s@])\.{0,2}/", line)] == []


@pytest.mark.parametrize("requirement", RUNTIME, ids=str)
def test_runtime_dependencies_are_locked(requirement: Requirement) -> None:
    locked, _ = entries("runtime")[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(locked)


@pytest.mark.parametrize(("narrow", "wide"), [("runtime", "dev"), ("dev", "train")])
def test_a_wider_lock_holds_the_narrower_one(narrow: str, wide: str) -> None:
    assert entries(narrow).items() <= entries(wide).items()


@pytest.mark.parametrize("extra", ["dev", "train"])
def test_extras_are_locked(extra: str) -> None:
    locked = entries(extra)
    for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)][0])


@pytest.mark.parametrize("extra", ["documents", "linked", "tables"])
def test_what_the_tests_need_of_other_extras_is_locked(extra: str) -> None:
    locked = entries("dev")
    for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)][0])


def test_these_tests_run_on_the_locked_versions() -> None:
    here = [r for r in RUNTIME if r.marker is None or r.marker.evaluate()]
    locked = entries("runtime")
    assert {r.name: version(r.name) for r in here} == {
        r.name: locked[canonicalize_name(r.name)][0] for r in here
    }


@pytest.mark.parametrize(("file", "lock"), [("Dockerfile", "runtime"), ("Makefile", "dev")])
def test_installs_come_from_the_locks_alone(file: str, lock: str) -> None:
    recipe = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip install\b[^\n&]*", recipe)
    locked = [command for command in installs if "--no-deps" not in command]
    assert {"requirements/uv.txt", f"requirements/{lock}.txt"} <= set(" ".join(locked).split())
    assert [command for command in locked if "--require-hashes" not in command] == []
    # The project itself is built by the locked setuptools, not by one fetched for the build.
    own = [command for command in installs if command not in locked]
    assert len(own) == 1
    assert "--no-build-isolation" in own[0]
