"""Scraping: from discovered labels to targets, from targets to samples."""
