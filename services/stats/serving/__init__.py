"""The served figures as others use them: the table of the moment, what changed, what a figure is made of."""
