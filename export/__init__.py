"""Checkpoint to bundle: graphs, manifest, and the proof that both compute the same."""

import os

# ONNX Runtime writes and sends usage data from its first import on, unless this says not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
