"""Reads the texts of documents: plain text, HTML, Word and PDF files."""
