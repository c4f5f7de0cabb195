"""The rules of documents."""

from tests.migrations.rules import Rule, change

SYSTEM = "INSERT INTO system_documents (title, indexed, vector_ids) VALUES ({})"
CHUNK = (
    "INSERT INTO document_chunks (user_id, document_id, position, content, token_count, vector_id, embedding_model,"
    " embedding_dimensions) VALUES (%(person)s, %(id)s, {}, 'x', 1, {}, 'm', 3)"
)

RULES: dict[str, Rule] = {
    "ck_rag_documents_source": change("rag_documents", {"source": "'MCP'"}, {"source": "'SYSTEM'"}),
    "ck_rag_documents_title": change("rag_documents", {"title": "'y'"}, {"title": "''"}),
    "ck_rag_documents_source_url": change(
        "rag_documents", {"source": "'URL'", "source_url": "'https://example.com'"}, {"source": "'URL'"}
    ),
    "ck_rag_documents_chunk_count": change(
        "rag_documents", {"chunk_count": "1"}, {"chunk_count": "0", "vector_ids": "'{v}'"}
    ),
    "ck_rag_documents_indexed": change(
        "rag_documents",
        {"indexed": "true"},
        {"indexed": "true", "chunk_count": "0", "vector_ids": "'{}'"},
        {"indexed": "true", "vector_ids": "'{}'"},
    ),
    "ck_document_chunks_position": change("document_chunks", {"position": "7"}, {"position": "-1"}),
    "ck_document_chunks_content": change("document_chunks", {"content": "'y'"}, {"content": "''"}),
    "ck_document_chunks_token_count": change("document_chunks", {"token_count": "512"}, {"token_count": "0"}),
    "ck_document_chunks_vector": change(
        "document_chunks",
        {"vector_id": "NULL", "embedding_model": "NULL", "embedding_dimensions": "NULL"},
        {"vector_id": "NULL"},
    ),
    "ck_document_chunks_embedding_dimensions": change(
        "document_chunks", {"embedding_dimensions": "768"}, {"embedding_dimensions": "0"}
    ),
    "uq_document_chunks_user_id_document_id_position": Rule(CHUNK.format("1", "'w'"), CHUNK.format("0", "'w'")),
    "uq_document_chunks_user_id_vector_id": Rule(CHUNK.format("1", "'w'"), CHUNK.format("1", "'v-' || %(id)s")),
    "ck_system_documents_title": Rule(SYSTEM.format("'x', false, '{}'"), SYSTEM.format("'', false, '{}'")),
    "ck_system_documents_indexed": Rule(SYSTEM.format("'x', true, '{v}'"), SYSTEM.format("'x', true, '{}'")),
    "ck_rag_settings_top_k": change("rag_settings", {"top_k": "20"}, {"top_k": "0"}, {"top_k": "21"}),
    "ck_rag_settings_threshold": change(
        "rag_settings", {"threshold": "1"}, {"threshold": "-0.01"}, {"threshold": "1.01"}
    ),
    "uq_rag_settings_user_id": Rule(
        "UPDATE rag_settings SET top_k = 7 WHERE user_id = %(person)s",
        "INSERT INTO rag_settings (user_id) VALUES (%(person)s)",
    ),
}
