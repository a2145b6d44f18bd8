"""Recording and alerting rules: Prometheus' rule files, evaluated; alerts handed to a notifier."""
