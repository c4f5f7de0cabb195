"""What agents make: code, documents, pictures, in versions."""
