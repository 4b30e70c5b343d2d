"""What the documents say of settings is what the code reads."""

from pathlib import Path

from lake.documents.settings_page import example, page
from lake.settings import Settings


def test_the_documents_of_the_settings_are_what_the_code_reads() -> None:
    assert Path("docs/settings.md").read_text() == page()
    assert Path(".env.example").read_text() == example()


def test_every_setting_says_what_it_is_for() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []
