"""Keys at rest: the vault (device secret -> DEK -> everything) and the keyring (one file per epoch's content key)."""
