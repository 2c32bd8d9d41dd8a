"""Stage 2: instruction tuning of the whole network except the visual tower."""
