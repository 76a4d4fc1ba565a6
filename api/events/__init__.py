"""What changes the network: events, incidents, speeds, and the stream that tells of them."""
