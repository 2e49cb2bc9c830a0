"""The board for screens on walls."""
