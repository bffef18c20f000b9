"""`experiment ls|run|heal`: break one part of the shop on purpose, watch, heal, and check that everything holds."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from audit import PATIENCE_SECONDS, run_audit
from audit.verdict import Verdict, verdict_on
from cli.format import table
from cli.session import Session, console, session_of
from deployed.errors import CommandError
from deployed.experiments import model
from deployed.experiments.breaks import Breaks
from deployed.experiments.lab import Lab, missing, run

ExperimentName = Annotated[str, typer.Argument(metavar="NAME", help="The experiment, as listed by `experiment ls`.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Experiments: break one part of the shop, watch, heal, and check that everything holds.",
        no_args_is_help=True,
    )
    group.command("ls")(list_experiments)
    group.command("run")(run_experiment)
    group.command("heal")(heal)
    app.add_typer(group, name="experiment")


def list_experiments(context: typer.Context) -> None:
    """List the experiments: the service that each is about, and what it shows."""
    shop = session_of(context)
    found = [model.read(name) for name in model.names()]
    shop.say(
        [one.model_dump(mode="json", include={"name", "title", "service", "promise", "needs"}) for one in found],
        lambda: _listed(found),
    )
    shop.hint("To run one: ./shop experiment run NAME")


def run_experiment(context: typer.Context, experiment: ExperimentName) -> None:
    """Run one experiment. Whatever happens, it heals what it broke, and ends with the audit."""
    shop = session_of(context)
    found = model.read(experiment)
    if why := missing(shop.stack, found.needs):
        raise CommandError(f"{found.name} cannot run here: {why}.")
    shop.hint(f"{found.title} ({found.service})\n{found.hypothesis}")
    with shop.customer() as customer, shop.operator() as operator:
        lab = Lab(shop.stack, customer, operator)
        lab.breaks.heal()  # what an earlier run left, if it was killed
        run(lab, found, lambda line: shop.hint(f"· {line}"))
    verdict = _audited(shop)
    document = {"name": found.name, "ok": verdict.holds, "orders": lab.orders, "verdict": verdict.text}
    shop.say(document, lambda: _ended(found, verdict))
    raise typer.Exit(0 if verdict.holds else 1)


def heal(context: typer.Context) -> None:
    """Undo what an experiment broke and could not heal itself, because it was killed."""
    shop = session_of(context)
    healed = Breaks(shop.stack).heal()
    shop.say({"healed": healed}, lambda: Text(f"✓ {healed} healed" if healed else "Nothing was broken."))


def _audited(shop: Session) -> Verdict:
    with console(stderr=True).status("Auditing"):
        return verdict_on(run_audit(shop.stack, patience=PATIENCE_SECONDS))


def _listed(found: list[model.Experiment]) -> RenderableType:
    listed = table()
    listed.add_column("experiment", no_wrap=True)
    listed.add_column("about", no_wrap=True)
    listed.add_column("what happens")
    for one in found:
        listed.add_row(Text(one.name, "bold"), one.service, one.title)
    return listed


def _ended(experiment: model.Experiment, verdict: Verdict) -> RenderableType:
    mark = Text("✓ ", "green") if verdict.holds else Text("✗ ", "red")
    return Group(Text.assemble(mark, verdict.text), Text(experiment.learn))
