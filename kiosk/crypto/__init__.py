"""Pure cryptography: sign, verify, seal, chain. Keys come in as arguments; nothing here stores or logs one."""
