"""The receivers' logic: what senders push, decoded and checked against the series that are known."""
