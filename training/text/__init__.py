"""Stage 2: instruction tuning of the whole network but the visual tower."""
