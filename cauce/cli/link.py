"""`link`: a sign-in link for a person."""

from typing import Annotated

import typer

from cauce.cli.database import open_database

app = typer.Typer()


@app.command()
def link(
    email: Annotated[str, typer.Argument(help="Whose link.")],
    minutes: Annotated[int | None, typer.Option(min=1, help="How long it works.")] = None,
    create_user: Annotated[bool, typer.Option(help="Make the person when there is none.")] = False,
) -> None:
    """Print a sign-in link for a person; it works once.

    Example: `cauce link ana@example.com`
    """
    from cauce.errors import FatalError
    from cauce.security.people import ensure_person, find_person
    from cauce.security.sign_in import issue_link

    database = open_database()
    if create_user:
        ensure_person(database, email)
    elif find_person(database, email) is None:
        raise FatalError(f"nobody has the address {email}", action="check it, or add --create-user")
    typer.echo(issue_link(database, email, minutes=minutes))
