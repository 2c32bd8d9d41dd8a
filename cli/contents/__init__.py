"""What is in a bundle or a checkpoint, read without loading it."""
