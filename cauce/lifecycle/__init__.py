"""How long things are kept, where they go then, and a person's way out: retention, archives, export and erasure."""
