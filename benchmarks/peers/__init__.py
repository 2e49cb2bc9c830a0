"""Small applications that do one thing of ours and nothing else: what that costs with the same libraries."""
