"""Scraping: reading pages, scraping many targets, taking up long lists of targets."""
