"""Removes GPU libraries from an environment: `python docker/cpu_variant.py /opt/umie`.

If the package index has a CPU build of torch, use that in requirements/runtime.txt instead. PyPI's
torch for Linux is linked against CUDA libraries: those that torch needs to load are kept, the
others are removed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CANDIDATES = ("triton", "nvidia", "cusparselt", "torch/include", "torch/share", "torch/test")
"""Folders below site-packages; for `nvidia`, each library's folder is tried separately."""

CHECK = "import torch, torchvision, onnxruntime; torch.ones(2) @ torch.ones(2)"


def main() -> int:
    """Remove each candidate that the libraries do not need to load; prints what was removed."""
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
