"""What protects reporters: seals, keys, shredding, audit, and who may ask for a name. Decides nothing about a case."""
