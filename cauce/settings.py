"""Every setting in one place: environment variables with the prefix `CAUCE_`, a `.env` file, or the defaults below."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
"""The folder of the checkout: migrations and the dbt project lie in it."""


class Settings(BaseSettings):
    """Settings of one installation. No secret has a default: secrets are made at first start and kept in `home`."""

    model_config = SettingsConfigDict(env_prefix="CAUCE_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(default=PROJECT / ".cauce", description="Embedded database, secrets, logs and generated files.")
    inbox: Path = Field(default=PROJECT / "inbox", description="Folder whose files `cauce run` loads.")
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL (15 or later) of your own, as a role that may create roles; unset: the embedded one.",
    )
    secret_key: str | None = Field(
        default=None, description="The installation's secret; unset: made at first start and kept in `home`."
    )
    host: str = Field(default="127.0.0.1", description="Address the app listens on.")
    port: int = Field(default=8501, ge=1, le=65535, description="Port the app listens on.")
    public_url: str | None = Field(
        default=None, description="Address people reach the app at; default: http://host:port."
    )
    otlp_host: str = Field(default="127.0.0.1", description="Address the receiver of traces listens on.")
    otlp_port: int = Field(default=4318, ge=1, le=65535, description="Port the receiver of traces listens on.")
    otlp_token: str | None = Field(
        default=None,
        min_length=16,
        description="The bearer token that senders of traces need; unset: derived from the installation's secret.",
    )
    otlp_max_bytes: int = Field(default=16 * 2**20, ge=1024, description="The most bytes of one request, unpacked.")
    otlp_queue_bytes: int = Field(
        default=64 * 2**20, ge=1024, description="The most bytes of requests that are not answered yet; more get a 503."
    )
    session_idle_minutes: int = Field(default=120, ge=1, description="A session unused for this long ends.")
    session_absolute_hours: int = Field(default=168, ge=1, description="A session ends this long after sign-in.")
    link_minutes: int = Field(default=15, ge=1, description="A sign-in link works for this long.")
    demo_users: int = Field(default=50, ge=4, description="People in the demo data.")
    demo_months: int = Field(default=13, ge=1, description="Months of demo data.")
    demo_seed: int = Field(default=20_251_022, description="The same seed makes the same demo files.")
    durable: bool = Field(
        default=True, description="Off: the embedded database trades durability for speed (tests only)."
    )

    @property
    def base_url(self) -> str:
        """The address links start with, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the settings of this process, once."""
    return Settings()
