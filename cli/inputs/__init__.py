"""Readers of documents: arguments, files, folders, tables."""
