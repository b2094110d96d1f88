"""Sync: what goes up to the province and what comes back. The only room that loads requests; it never writes an event."""
