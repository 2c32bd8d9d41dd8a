"""Evaluators of `umie evaluate`: a bundle, a checkpoint, a running service."""
