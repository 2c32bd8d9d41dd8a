"""What `umie evaluate` can examine: a bundle, a checkpoint, a service that runs."""
