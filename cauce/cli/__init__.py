"""The `cauce` command. Only this package knows every layer, and it imports each when its command runs."""

import sys

import typer

from cauce.cli import (
    archive,
    audit,
    billing,
    database,
    deletions,
    export,
    ingest,
    keys,
    link,
    otlp,
    person,
    pipeline,
    prices,
    reprice,
    retention,
    serve,
    subscription,
)
from cauce.cli.failures import explain

app = typer.Typer(
    help="Cauce: usage, money and health, from real files to audited dashboards.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (serve, database, ingest, otlp, pipeline, reprice, link):
    app.registered_commands += module.app.registered_commands
app.add_typer(database.db_app, name="db")
app.add_typer(ingest.quarantine_app, name="quarantine")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(retention.retention_app, name="retention")
app.add_typer(prices.prices_app, name="prices")
app.add_typer(archive.archive_app, name="archive")
app.add_typer(audit.audit_app, name="audit")
app.add_typer(person.person_app, name="person")
app.add_typer(deletions.deletions_app, name="deletions")
app.add_typer(billing.billing_app, name="billing")
app.add_typer(subscription.subscription_app, name="subscription")
app.add_typer(export.export_app, name="export")


def main() -> None:
    """Run a command; what goes wrong is one line that says what to do, never a traceback."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last line of defence: everything is explained, nothing is shown raw
        sys.exit(explain(error))


__all__ = ["app", "main"]
