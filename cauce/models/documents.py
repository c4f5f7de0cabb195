"""Documents for retrieval, their chunks, and a person's retrieval settings."""
