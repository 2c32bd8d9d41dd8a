"""Data readers, training loops and evaluation protocols."""
