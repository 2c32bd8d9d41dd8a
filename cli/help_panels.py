"""Titles of the option groups in the help."""

from __future__ import annotations

INPUT = "Input"
REQUEST = "Request"
BACKEND = "Backend"
OUTPUT = "Output"
MODEL = "Initial model"
TRAINING = "Training"
