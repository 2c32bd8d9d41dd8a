"""Checkpoint to bundle: graphs, manifest, and the proof that both compute the same."""
