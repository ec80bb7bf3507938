"""The topics that hold the state of the fold: the broker they lie on, reading, writing, and what cannot be read."""
