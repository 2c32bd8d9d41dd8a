"""Where documents come from: arguments, files, folders, tables."""
