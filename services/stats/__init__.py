"""Folds the events of all services into live figures for the city and each of its communes, and serves them.

Owns:   stats.panes.v1.<state> (states, the public form of the figures), stats.panes.v1 (which one is served);
        the database `pulse_stats`, the operators' console.
Reads:  tips.v1, patrols.v1, incidents.v1, awards.v1 (facts); outbox.heads.v1 (what the owners have committed).
Writes: both; stats.figures.v1 (publications), stats.alerts.v1 (both by one API process at a time);
        outbox.resend.v1 (asks for missing events); <topic>.dlq (what it cannot read).
Run:    python -m services.stats api | worker | ledger | rebuild | verify
Pure:   catalogue (what is counted), engine (the fold), panes (its records), windows (intervals and sums).
"""
