"""The worker: folds the source partitions that the group gives it, in chunks, and writes records before heads."""
