"""Where the regions of a picture come from when the tower does not propose its own."""
