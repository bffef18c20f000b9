"""`seed`, `user add`, `login`, `url`: what a fresh stack needs before anyone can buy."""

import secrets
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Group, RenderableType
from rich.text import Text

from cli.commands.arguments import As
from cli.format import table
from cli.session import console, session_of, sign_in
from deployed import users
from deployed.errors import CommandError
from deployed.seeding import Seeded, seed_shop
from deployed.stack import Stack, User


def register(app: typer.Typer) -> None:
    app.command()(seed)
    app.command()(login)
    app.command()(url)
    people = typer.Typer(help="The shop's users.", no_args_is_help=True)
    people.command("add")(add_user)
    app.add_typer(people, name="user")


def seed(context: typer.Context) -> None:
    """Fill the shop: products and stock, two customers, an operator. Seeding again changes nothing."""
    shop = session_of(context)
    with console(stderr=True).status("Seeding") as progress:
        seeded = seed_shop(shop.stack, lambda text: progress.update(Text(text)))
    people = [("customer", user) for user in seeded.stack.details.customers]
    people += [("operator", user) for user in seeded.stack.details.operators]
    shop.say(
        {
            "products": seeded.products,
            "units": seeded.units,
            "users": [{"role": role, **user.model_dump()} for role, user in people],
        },
        lambda: _seeded_picture(seeded, people),
    )


def add_user(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The address they sign in with.")],
    operator: Annotated[bool, typer.Option("--operator", help="Make them an operator.")] = False,
    password: Annotated[str | None, typer.Option(help="Their password; by default a random one.")] = None,
) -> None:
    """Add a customer, or an operator, who can sign in at once."""
    shop = session_of(context)
    known = shop.stack.user(email)
    user = User(email=known.email if known else email, password=password or "Cw-" + secrets.token_urlsafe(12) + "-1")
    if not users.create(shop.stack, user.email, user.password):
        raise CommandError(f"{user.email} exists already.")
    try:
        if operator:
            users.make_operator(shop.stack, user.email)
        shop.stack.with_user(user, operator=operator)
    except BaseException as error:
        _taken_back(shop.stack, user, error)
        raise
    role = "operator" if operator else "customer"
    shop.say(
        {"role": role, **user.model_dump()}, lambda: f"{user.email} can sign in as {role}; password: {user.password}"
    )


def _taken_back(stack: Stack, user: User, error: BaseException) -> None:
    """Nobody saw their password, so nobody must exist. Raises CommandError, with the password, when they stay."""
    try:
        users.remove(stack, user.email)
    except (BotoCoreError, ClientError) as why:
        raise CommandError(
            f"{user.email} was added with the password {user.password}, but could not be remembered here: {error}"
        ) from why


def login(
    context: typer.Context,
    email: As = None,
    operator: Annotated[bool, typer.Option("--operator", help="As the first operator.")] = False,
) -> None:
    """Print an ID token, by default the first customer's, for curl: TOKEN=$(./shop login)"""
    shop = session_of(context)
    who = email or (shop.first_operator if operator else shop.first_customer)
    token = sign_in(shop.stack, who)
    shop.say_line({"email": who, "id_token": token}, token)


def url(
    context: typer.Context,
    storefront: Annotated[bool, typer.Option("--storefront", help="Of the shop's pages, for a browser.")] = False,
) -> None:
    """Print the front door's address, for curl: API=$(./shop url)"""
    shop = session_of(context)
    shop.must_stand()
    address = shop.stack.details.storefront_url if storefront else shop.stack.details.api_url
    if address is None:
        raise CommandError("This shop has no pages: it was deployed with Storefront=OFF.")
    shop.say_line({"storefront_url" if storefront else "api_url": address}, address)


def _seeded_picture(seeded: Seeded, people: list[tuple[str, User]]) -> RenderableType:
    who = table()
    for heading in ("role", "e-mail", "password"):
        who.add_column(heading)
    for role, user in people:
        who.add_row(role, user.email, user.password)
    line = Text.assemble(("✓ ", "green"), f"{seeded.products} products, {seeded.units:,} units in stock")
    return Group(line, who)
