"""Figures frozen under a name, and what changed of them since. Owns publications and restatements; counts nothing."""
