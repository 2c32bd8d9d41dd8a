"""Models that `umie evaluate` scores: a bundle, a checkpoint, a running service."""
