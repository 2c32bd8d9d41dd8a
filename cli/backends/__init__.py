"""Backends that answer requests: a bundle in this process, or a running service."""
