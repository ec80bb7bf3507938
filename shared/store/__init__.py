"""MongoDB behind one door: connection, transactions and idempotency keys; knows no aggregate."""
