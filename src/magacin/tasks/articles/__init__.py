"""Articles and their barcodes."""
