"""The entrance officer's station: offline-first scanning, declaring, journalling, printing and syncing."""

__version__ = "0.1.0"
