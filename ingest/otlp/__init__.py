"""OTLP/HTTP: traces that applications send, loaded like a file of them.

A request is answered with 200 once its spans are committed, never before; `gather` says how many requests share a load.
"""

from ingest.otlp.app import build_app
from ingest.otlp.server import serve
from ingest.otlp.token import token_of

__all__ = ["build_app", "serve", "token_of"]
