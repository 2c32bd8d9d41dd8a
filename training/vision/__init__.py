"""Training of the compact visual tower on photos with boxes and phrases."""
