"""How much memory pictures take that are sent at once, in a process of their own.

`python -m tests.support.memory FILE COUNT` prints the peak in MiB above what was in use before.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from models.tower_config import TowerConfig
from service.engine.preprocess import preprocess_for
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.settings import Settings
from service.vision.encoder import ImageEncoder
from tests.service.fakes import FakeEngine


def peak_mib(file: Path, count: int) -> int:
    """The peak of `count` pictures at once, all with the same pixels."""
    command = [sys.executable, "-m", "tests.support.memory", str(file), str(count)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)


async def _look(data: bytes, count: int) -> None:
    image_encoder = ImageEncoder(FakeEngine(), preprocess_for(TowerConfig()), Settings(), Metrics())
    # what stands behind a picture makes another file of it
    files = [data + bytes([number]) for number in range(count)]
    await asyncio.gather(*(image_encoder.encode(file, StageTimer()) for file in files))
    image_encoder.close()


if __name__ == "__main__":
    _, name, number = sys.argv
    content = Path(name).read_bytes()
    before = _kib("VmRSS")
    asyncio.run(_look(content, int(number)))
    print((_kib("VmHWM") - before) // 1024)
