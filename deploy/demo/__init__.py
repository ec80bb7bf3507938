"""The demonstration: a history at the published figures, and a simulator that goes on from there.

Owns what is made up and how it is loaded. Everything reaches the system through the public HTTP interfaces of the
services, as any other client's records do; every page says of it "dữ liệu mô phỏng".

Run: `python -m deploy.demo` (load, then simulate), or `load`, `simulate`, `check`.
"""
