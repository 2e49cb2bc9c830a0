"""The Realtime Worker: takes events from the stream to everybody's screen, and counts the sockets."""
