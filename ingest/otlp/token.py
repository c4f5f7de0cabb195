"""The bearer token that senders of traces show."""

from cauce.security.secrets import Secrets
from cauce.settings import Settings


def token_of(settings: Settings, secrets: Secrets) -> str:
    """Give the token of the settings, else the one derived from the installation's secret."""
    return settings.otlp_token or secrets.derive("otlp:token").hex()
