"""Orders that imports held back: shown, released, discarded."""
