"""What becomes of answers: tables, lines of JSON, pictures, pages."""
