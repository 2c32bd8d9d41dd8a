"""HTTP: requests in, typed JSON out."""
