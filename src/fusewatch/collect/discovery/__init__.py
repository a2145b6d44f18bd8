"""Where targets come from: lists in the configuration, files, HTTP endpoints and DNS."""
