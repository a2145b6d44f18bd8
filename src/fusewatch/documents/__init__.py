"""YAML files with places: every mistake is named by file, line and key, with the known key that is nearest."""
