"""The provincial server: takes kiosks' batches, opens them, and shows the province where help is needed."""
