"""Reports that are sent by mail, each morning or each Monday."""
