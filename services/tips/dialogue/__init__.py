"""The dialogue of a reporter with the officers of a tip; both sides sealed, and neither known to the other by name."""
