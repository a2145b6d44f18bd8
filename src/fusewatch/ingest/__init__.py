"""The receivers' logic: decode, validate, limit, hand to the log."""
