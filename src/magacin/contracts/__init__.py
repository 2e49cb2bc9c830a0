"""What crosses a process boundary: payloads, events, stream and channel names."""
