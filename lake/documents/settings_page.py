"""Settings -> docs/settings.md and .env.example, so that both say what the code reads.

``python -m lake.documents.settings_page`` renews them; a test holds them together.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from lake.settings import Settings

_HEAD = """# Settings

Made from `lake/settings.py`. Each is read from the environment, then from `.env`, then from a
Key Vault or a secret scope of Databricks (`ELIQ_KEY_VAULT`, `ELIQ_SECRET_SCOPE`), where
`ELIQ_ENTSOE_TOKEN` is called `eliq-entsoe-token` and `ELIQ_SECRETS__<NAME>`
`eliq-secrets--<name>`. None is needed on a laptop.

| setting | default | meaning |
|---|---|---|
"""
_TOOLS = """
The toolchain reads two more, from the environment only: `ELIQ_TOOLS` (cache of the jars, shared by
all clones; default `~/.cache/eliq-data-platform`) and `ELIQ_MAVEN_REPOSITORY` (a mirror to download
them from).
"""
_ENV_HEAD = "# Copy to .env. Made from lake/settings.py; every line has a default.\n"


def page() -> str:
    """Return docs/settings.md."""
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |\n"
        for name, default, meaning in _settings()
    ]
    return _HEAD + "".join(rows) + _TOOLS


def example() -> str:
    """Return .env.example, where every setting is commented out."""
    return _ENV_HEAD + "".join(
        f"\n# {meaning}\n#{name}={default}\n" for name, default, meaning in _settings()
    )


def _settings() -> Iterator[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        is_many = isinstance(default, dict)
        yield (
            f"ELIQ_{name.upper()}" + ("__<NAME>" if is_many else ""),
            "" if is_many or default is None else f"{default}",
            field.description or "",
        )


if __name__ == "__main__":
    Path("docs/settings.md").write_text(page())
    Path(".env.example").write_text(example())
