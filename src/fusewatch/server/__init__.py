"""The process: settings, composition, supervision, health, own metrics, the web UI's files."""
