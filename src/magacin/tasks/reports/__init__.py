"""Reports: sums by day that follow the ledger, and what managers are told from them."""
