"""Region proposers for visual towers that propose no regions."""
