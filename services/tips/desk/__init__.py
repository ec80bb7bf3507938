"""The desk: where officers read what is sealed to their commune. Holds its private keys; takes no report in.

Run: `python -m services.tips desk`. Every reading is in the audit log before anything is shown.
"""
