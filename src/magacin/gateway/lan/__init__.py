"""HTTPS for phones: a door of its own, with a certificate that is given or made here."""
