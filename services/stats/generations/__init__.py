"""Which state of the figures is served, folded beside it, judged, checked by a second fold, let go. Counts nothing."""
