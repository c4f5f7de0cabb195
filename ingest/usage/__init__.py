"""Usage of language models: formats that end in usage events, and what the events cost."""

from ingest.formats import Format
from ingest.usage.fx_csv import FxCsv
from ingest.usage.litellm import LiteLlm
from ingest.usage.otlp_json import OtlpJson
from ingest.usage.provider_bodies import ProviderBodies
from ingest.usage.provider_reports import ProviderReports
from ingest.usage.usage_csv import UsageCsv
from ingest.usage.usage_jsonl import UsageJsonLines
from ingest.usage.usage_parquet import UsageParquet

FORMATS: tuple[Format, ...] = (
    OtlpJson(),
    LiteLlm(),
    ProviderReports(),
    ProviderBodies(),
    UsageJsonLines(),
    UsageCsv(),
    UsageParquet(),
    FxCsv(),
)
"""Every usage format, in the order they are tried."""
