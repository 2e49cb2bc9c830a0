"""Task Service: articles, requisitions, pick tasks, scans, shortages."""
