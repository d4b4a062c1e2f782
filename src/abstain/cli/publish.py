"""`abstain publish`."""

from __future__ import annotations

from typing import Annotated

import typer


def publish(
    folder: Annotated[str, typer.Argument(help="Of a run, or of a released model.", show_default=False)],
    name: Annotated[str, typer.Argument(help="Of the repository on the Hub: user/model.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Upload; without it, only say what would be.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Make new repositories private.")] = False,
    logits_repo: Annotated[
        str | None, typer.Option(help="The data set of logits; default: user/abstain-logits.", show_default=False)
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Send this Space too, such as metrics/selective_risk.", show_default=False),
    ] = None,
    wheel: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Of abstain, for the Space to install.", show_default=False),
    ] = None,
    sibling: Annotated[
        list[str], typer.Option(help="A model to link to, user/other; can be given several times.")
    ] = [],  # noqa: B006 - typer copies it
    output_dir: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Write the model's repository there, to look at.", show_default=False),
    ] = None,
    revision_tag: Annotated[str | None, typer.Option(help="Tag the commit, such as v1.", show_default=False)] = None,
) -> None:
    """Publish a model with its rule, card, results and logits on the Hub, or say what would be published.

    Without --yes it prints every file with its size and destination, and sends nothing. The model's repository gets
    the weights, what makes the inputs, abstention.json, logits/, results.json, samples.parquet, a figure and a card
    made of the results; card.yaml in the folder says for the card what no file of results knows. The logits go into one
    data set for all checkpoints, in which the model's name is the configuration.

    With --output-dir the files of the model's repository are written to a new folder as they would be sent.

    Pickles and files that hold a token are refused. Each repository is filled by one commit, so that an upload that
    fails changes nothing; the same command again completes it. Runs in the folders beside that differ in label
    smoothing or maximum suppression alone are linked as siblings.

    The Hub is that of HF_ENDPOINT, and the token that of HF_TOKEN or of hf auth login.

    Example: abstain publish runs/resnet20 user/resnet20 --yes
    """
    from huggingface_hub import get_token

    from abstain._files import check_new_folder
    from abstain.hub.publication import plan_publication
    from abstain.hub.publish import publish as send

    if output_dir is not None:
        check_new_folder(output_dir)
    publication = plan_publication(
        folder,
        name,
        logits_name=logits_repo,
        space=space,
        wheel=wheel,
        siblings=sibling,
        tag=revision_tag,
        token=get_token(),
    )
    typer.echo("\n".join(publication.lines()))
    if output_dir is not None:
        typer.echo(f"written to {publication.model.write(output_dir)}")
    if not yes:
        typer.echo("Nothing was sent: give --yes to send it.")
        return
    for address in send(publication, private=private or None):
        typer.echo(f"published {address}")
