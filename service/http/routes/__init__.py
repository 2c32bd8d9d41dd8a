"""The endpoints, one group per module."""
