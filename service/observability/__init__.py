"""Metrics, traces, logs and stage timing."""
