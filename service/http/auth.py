"""API keys: read from a file, stored as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from starlette.datastructures import Headers

from tasks.errors import SettingsError, Unauthorised

_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{16,256}")
_COMMENT = re.compile(r"(^|\s)#.*")


class Key(NamedTuple):
    """An accepted key: its line in the file, which names it in logs, and its SHA-256 digest."""

    line: int
    digest: bytes


class Keys:
    """The accepted keys. Only their hashes are kept."""

    def __init__(self, keys: Iterable[tuple[int, str]], path: Path | None = None) -> None:
        self._keys = [Key(line, _hash(key)) for line, key in keys]
        self._path = path

    @classmethod
    def read(cls, path: Path) -> Keys:
        """Read the keys of a file, one per line.

        Raises:
            SettingsError: the file cannot be read, holds no key, or a line is not a valid key.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"UMIE_API_KEYS_FILE={path}: the file cannot be read") from error
        keys = [(number, _COMMENT.sub("", line).strip()) for number, line in enumerate(lines, 1)]
        keys = [(number, key) for number, key in keys if key]
        for number, key in keys:
            if not _KEY.fullmatch(key):
                raise SettingsError(
                    f"UMIE_API_KEYS_FILE={path}: line {number} is not a valid key: a key must have "
                    "16 to 256 characters, each a letter, a digit or one of ._~+/=-"
                )
        if not keys:
            raise SettingsError(f"UMIE_API_KEYS_FILE={path}: the file contains no key")
        return cls(keys, path)

    def reload(self) -> None:
        """Read the file again.

        Raises:
            SettingsError: as `read`; the previous keys stay valid.
        """
        if self._path is not None:
            self._keys = Keys.read(self._path)._keys

    def find(self, headers: Headers) -> Key:
        """The key that a request carries.

        Raises:
            Unauthorised: the request carries no key or an unknown one.
        """
        sent = _sent(headers)
        if sent is None:
            raise Unauthorised("send a key: Authorization: Bearer <key>, or X-API-Key: <key>")
        hashed, found = _hash(sent), None
        for known in self._keys:  # no early exit: the time must not depend on the key
            if hmac.compare_digest(hashed, known.digest):
                found = known
        if found is None:
            raise Unauthorised("the key is unknown")
        return found


def carries_key(headers: Headers) -> bool:
    """Whether a request carries a key, known or not."""
    return _sent(headers) is not None


def _sent(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key")


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
