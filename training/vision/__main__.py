"""``python -m training.vision``: train the visual tower."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from training.vision.loop import VisionOptions, train_vision


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(prog="training.vision", description="Train the visual tower.")
    parser.add_argument("--data", type=Path, required=True, help="folder with grounded.jsonl")
    parser.add_argument("--output", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--cache", type=Path, required=True, help="folder for phrase embeddings")
    parser.add_argument("--epochs", type=int, default=VisionOptions.epochs)
    parser.add_argument("--batch-size", type=int, default=VisionOptions.batch_size)
    parser.add_argument("--learning-rate", type=float, default=VisionOptions.learning_rate)
    parser.add_argument("--seed", type=int, default=VisionOptions.seed)
    parser.add_argument("--limit", type=int, default=None, help="use the first photos only")
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        handlers=[
            logging.StreamHandler(),
            logging.FileHandler(arguments.output / "train.log", encoding="utf-8"),
        ],
    )
    train_vision(VisionOptions(**vars(arguments)))


if __name__ == "__main__":
    main()
