"""The network in torch, nothing else."""
