"""Evaluation of a model's predictions against annotated documents."""
