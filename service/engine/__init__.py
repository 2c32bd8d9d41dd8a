"""One thread that owns the model; batches what is waiting."""
