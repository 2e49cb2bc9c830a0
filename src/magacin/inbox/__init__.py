"""The inbox of development: catches the emails and Slack messages that alerts would send."""
