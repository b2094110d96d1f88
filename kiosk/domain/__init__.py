"""Pure rules: no I/O, no clock, no Qt. What a code says, what it means, what is written, what is sent."""
