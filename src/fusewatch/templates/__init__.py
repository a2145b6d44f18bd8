"""Go's text/template language, in which Prometheus' and Alertmanager's users write their texts.

Nothing of Python is reachable from a template: values are plain data or say themselves what they show (:class:`~.values.Struct`), functions
are those that were given, and what one execution may take (steps, output, depth) is bounded.

https://pkg.go.dev/text/template
"""
