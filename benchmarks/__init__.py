"""Figures as ratios against a named reference, in one process on the same bytes. Never asserted in a test: machines are noisy."""
