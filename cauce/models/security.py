"""Keys, the audit log, retention and erasure."""
