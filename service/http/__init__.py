"""The HTTP interface: requests in, typed JSON out."""
