"""Options that several commands take, each written once."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from abstain._checks import ArgumentError

if TYPE_CHECKING:
    from abstain.logits.opened import OpenPredictions
    from abstain.logits.predictions import Predictions

Folder = partial(typer.Option, metavar="PATH")
"""An option for the folder that a command writes into; a text, since an empty `Path` would be the working folder."""
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite-output-dir", help="Replace the results that the folder holds."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Source = Annotated[
    str,
    typer.Argument(
        help="Logits or probabilities with labels, or a confidence and what is right: CSV, Parquet, NPZ, JSON Lines, "
        "safetensors, .npy; a folder of shards or splits; a data set on the Hub; what lm_eval --log_samples writes.",
        show_default=False,
    ),
]
Labels = Annotated[str | None, typer.Option(help="A file of the labels, where the source holds none.")]
Split = Annotated[str | None, typer.Option(help="Which split, where there are several.")]
Place = tuple[Any, str | None, str | None]
"""A source, the source of its labels where they lie apart, and the split."""
READING = "What is told of the source"
"""The part of --help that holds the options of `Reading`."""
_told = partial(typer.Option, rich_help_panel=READING)
FITTING = "What is fitted on"
"""The part that holds those of `FittedOn`."""
_apart = partial(typer.Option, rich_help_panel=FITTING)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """How a source of predictions is read, where its names and values do not tell."""

    revision: Annotated[str | None, _told(help="Of a data set on the Hub: a branch, a tag or a commit.")] = None
    config_name: Annotated[str | None, _told(help="Of a data set on the Hub with several: the configuration.")] = None
    input: Annotated[
        str | None,
        _told(help="logits, log-probabilities, probabilities or confidence, where names and values do not tell."),
    ] = None
    label_column: Annotated[
        str | None,
        _told(help="The column of labels, if it is not called label or the like."),
    ] = None
    logit_columns: Annotated[
        str | None,
        _told(
            help="The columns of the values in the order of the classes, with commas; or what their names share.",
        ),
    ] = None
    class_axis: Annotated[
        int | None,
        _told(help="The axis of the classes, where each sample has several labels."),
    ] = None
    ignore_index: Annotated[int | None, _told(help="The label of samples that do not count, such as -100.")] = None
    choice: Annotated[
        str | None,
        _told(help="Whose answer counts in a sample log of lm-evaluation-harness: acc, unless acc_norm or acc_bytes."),
    ] = None

    class_names: Annotated[
        str | None,
        _told(help="Of labels that are names, in the order of the values, with commas, where nothing else tells it."),
    ] = None

    def open(
        self, source: str, labels: str | None = None, split: str | None = None, *, source_column: str | None = None
    ) -> Predictions | OpenPredictions:
        """The predictions, once it is said on standard error which columns they are.

        A large source stays in its place, to be gone through batch by batch.
        """
        from abstain.logits.small_or_large import read_or_open  # here, so that --help does not wait for torch

        places: dict[str, Any] = {"labels": labels, "split": split, "source_column": source_column}
        predictions = read_or_open(source, **places, **dataclasses.asdict(self))
        where = source if split is None else f"{source}, {split}"
        typer.echo(f"{where}: {predictions.used}", err=True)
        return predictions


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittedOn:
    """Samples to fit on, apart from those that are measured or that choose a threshold."""

    validation: Annotated[
        str | None, _apart(help="The same of other samples, on which what has to be fitted is fitted.")
    ] = None
    validation_labels: Annotated[str | None, _apart(help="A file of their labels, where they lie apart.")] = None
    validation_split: Annotated[
        str | None, _apart(help="Which split of --validation, or of the same source without it.")
    ] = None
    validation_fraction: Annotated[
        float | None,
        _apart(help="Fit on such a share of the samples, drawn at random, in place of --validation."),
    ] = None
    seed: Annotated[int | None, _apart(help="Of what is drawn. Default: 0.")] = None

    @property
    def place(self) -> Place:
        """Where they lie."""
        return (self.validation, self.validation_labels, self.validation_split)

    @property
    def is_given(self) -> bool:
        """Whether there are any."""
        return (self.validation, self.validation_split, self.validation_fraction) != (None, None, None)

    def read(
        self,
        read: Callable[[str, str | None, str | None], Any],
        place: Place,
        *,
        draws: bool = False,
        fits: bool = True,
    ) -> tuple[Any, Any]:
        """The samples in that place and these, as `read` reads them; None in place of the latter if there are none.

        Args:
            read: reads a source, its labels and its split.
            place: of the samples that are measured.
            draws: whether the command itself draws, with the seed.
            fits: as `read_apart`.

        Raises:
            ArgumentError: a seed is given, and neither is a share held out, nor does the command itself draw.
        """
        from abstain.logits.held_out import read_apart

        if self.seed is not None and self.validation_fraction is None and not draws:
            raise ArgumentError("seed= is given, but nothing is drawn: give validation_fraction=0.5, or leave it out")
        how: dict[str, Any] = {"fraction": self.validation_fraction, "seed": self.seed or 0, "fits": fits}
        return read_apart(read, place, self.place, **how)

    def notes(self, measured: Any, fitted_on: Any) -> Iterator[str]:
        """How many samples were held out of those of the file, where a share was."""
        from abstain.report.phrases import counted

        if self.validation_fraction is not None:
            yield (
                f"of {counted(len(measured) + len(fitted_on), 'sample')} {len(fitted_on):,}, drawn at random with seed "
                f"{self.seed or 0}, were held out to fit on, and are not among those that are reported"
            )


def options_of(values: Mapping[str, Any]) -> list[str]:
    """The words of a command line that give these values by the names of their parameters, None being the default."""
    given = {f"--{name.replace('_', '-')}": str(value) for name, value in values.items() if value is not None}
    return [word for option in given.items() for word in option]


def with_options(kind: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take the fields of a dataclass as options, and give it the instance.

    The command's parameter that is annotated with the dataclass is replaced by one option a field.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        (place,) = (name for name, hint in hints.items() if hint is kind)
        options = _parameters(kind)
        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command).parameters.values():
            own = parameter.replace(annotation=hints[parameter.name])
            parameters += options if parameter.name == place else [own]

        @wraps(command)
        def called(**given: Any) -> None:
            fields = {option.name: given.pop(option.name) for option in options}
            command(**given, **{place: kind(**fields)})

        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def _parameters(kind: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=field.default, annotation=hints[field.name]
        )
        for field in dataclasses.fields(kind)
    ]
