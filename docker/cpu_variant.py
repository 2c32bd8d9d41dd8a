"""Removes from an environment what only a GPU needs: `python docker/cpu_variant.py /opt/umie`.

Where the package index has torch's CPU build, name it instead in requirements/runtime.txt. From
PyPI alone torch for Linux is linked against the CUDA libraries: those that are loaded with it stay,
and what it loads only on a GPU, or not at all when a service runs, goes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CANDIDATES = ("triton", "nvidia", "cusparselt", "torch/include", "torch/share", "torch/test")
"""Folders below site-packages; of `nvidia` each library's folder is tried by itself."""

CHECK = "import torch, torchvision, onnxruntime; torch.ones(2) @ torch.ones(2)"


def main() -> int:
    """Remove each candidate without which the libraries still load; prints what was removed."""
    root = Path(sys.argv[1])
    (packages,) = root.glob("lib/python*/site-packages")
    python = root / "bin" / "python"
    before = _size(packages)
    for folder in _candidates(packages):
        aside = folder.with_name(folder.name + ".aside")
        folder.rename(aside)
        if subprocess.run([python, "-c", CHECK], capture_output=True, check=False).returncode:
            aside.rename(folder)
        else:
            size = _size(aside)
            shutil.rmtree(aside)
            print(f"removed {folder.relative_to(packages)}: {size >> 20} MiB")
    for library in packages.glob("onnxruntime/capi/*providers_*.so"):
        if "shared" not in library.name:
            library.unlink()
    print(f"{before >> 20} MiB before, {_size(packages) >> 20} MiB after")
    return 0


def _candidates(packages: Path) -> list[Path]:
    found = []
    for name in CANDIDATES:
        folder = packages / name
        if name == "nvidia":
            found += [part for part in sorted(folder.glob("*")) if part.is_dir()]
        elif folder.is_dir():
            found.append(folder)
    return found


def _size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())


if __name__ == "__main__":
    sys.exit(main())
