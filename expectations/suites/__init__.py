"""What must hold of every candidate, one module per domain: `SUITE` lists expectations for each of its marts."""
