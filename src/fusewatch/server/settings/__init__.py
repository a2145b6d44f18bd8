"""fusewatch.yml: read with line marks, checked as a whole, every mistake named by file, line and key."""
