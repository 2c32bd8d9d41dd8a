"""The `umie` command line."""
