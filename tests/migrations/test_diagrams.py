"""The diagrams in `docs/schema` are those of the models."""

from migrations.diagrams import FOLDER, pages


def test_the_diagrams_are_up_to_date() -> None:
    made = pages()
    assert set(FOLDER.iterdir()) == set(made), "run `make diagrams`"
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make diagrams`"


def test_a_diagram_tells_keys_references_and_what_is_sealed() -> None:
    drawn = pages()[FOLDER / "chats.md"]
    assert "conversations ||--o{ messages : conversation_id" in drawn
    assert "uuid user_id PK, FK" in drawn
    assert 'bytea access_token "sealed, null"' in pages()[FOLDER / "identity.md"]
