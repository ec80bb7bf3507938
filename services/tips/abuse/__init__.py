"""What slows a flood of reports without looking at who sends them, and refuses nobody for good."""
