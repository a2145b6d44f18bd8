"""What the pages weigh, and how long their frames take."""
