"""The compiled loops over native histograms."""
