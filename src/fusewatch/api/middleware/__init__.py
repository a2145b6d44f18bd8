"""What wraps every request: pure ASGI, in the order that ``stack`` gives."""
