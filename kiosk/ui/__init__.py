"""The window: pages, widgets, threads. Knows station, day, words, ports and domain; never a store or sync table, never a connection.

Nothing here decides anything: pages show what `Station` answered and hand it what the officer did.
"""
