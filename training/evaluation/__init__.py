"""Scores of a model's answers against annotated documents."""
