"""The fact ledger: which event added what to which figure, for whoever asks what a figure is made of.

Owns:   the collections `ledger_blocks_<form>_<generation>` and `ledger_heads_…` of the statistics' database.
Reads:  tips.v1, patrols.v1, incidents.v1, awards.v1. What an event adds is asked of the engine's own `Cells`, so that
        the ledger cannot count otherwise than the fold.
Order:  blocks of entries first, then the head that vouches for them. An entry carries its event's position, and each
        position is read once: writing it twice changes nothing, and a death in between costs only repetition.
"""
