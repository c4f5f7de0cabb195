"""What a sealed column takes, for tests that are not about what is in it."""

ENVELOPE = "decode('010001' || repeat('00', 28), 'hex')"
"""SQL: the shape of a value sealed with key 1. It opens nowhere."""
