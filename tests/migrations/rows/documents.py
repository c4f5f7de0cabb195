"""A person's rows of documents, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "rag_documents": (
        "INSERT INTO rag_documents (user_id, id, title, source) VALUES (%(person)s, %(id)s, 'x', 'PASTE')"
    ),
    "document_chunks": (
        "INSERT INTO document_chunks (user_id, id, document_id, position, content, token_count, vector_id,"
        " embedding_model, embedding_dimensions)"
        " VALUES (%(person)s, %(id)s, %(id)s, 0, 'x', 1, 'v-' || %(id)s, 'text-embedding-3-small', 1536)"
    ),
    "rag_settings": "INSERT INTO rag_settings (user_id, id) VALUES (%(person)s, %(id)s)",
}
