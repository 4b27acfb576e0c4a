"""Train and run video models on the machine you already have."""
