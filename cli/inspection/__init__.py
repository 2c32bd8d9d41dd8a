"""Inspects a bundle or a checkpoint without loading it."""
