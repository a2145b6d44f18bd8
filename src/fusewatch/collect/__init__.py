"""What Fusewatch fetches by itself: scraped targets with their discovery, and the machine it runs on."""
