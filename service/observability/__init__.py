"""Metrics, traces, logs and timing."""
