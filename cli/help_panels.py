"""Titles of the option groups in the help."""

from __future__ import annotations

READ = "What to read"
ASK = "What to ask"
WHOM = "Whom to ask"
WRITE = "What to write"
MODEL = "The model to begin with"
TRAINING = "How to train"
