"""Events: the bus port with its in-memory twin, and the outbox."""
