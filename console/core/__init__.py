"""What the window needs and Qt does not: the client, the live stream, operations, words and figures."""
