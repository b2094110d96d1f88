"""The encrypted journal and what is computed from it. The only room in the kiosk that speaks SQL; no Qt, no network."""
