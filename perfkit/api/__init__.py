"""What the command line and a notebook both call. Nothing here prints: records in, records out."""
