"""HTTP and WebSocket plumbing: apps, rights, errors, protection against web pages."""
