"""Output formats: tables, JSON lines, drawings, pages."""
