"""Which value is of which class: where names and numbers of the columns meet those of the labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from abstain._checks import ArgumentError, InputError
from abstain.logits.class_labels import class_texts
from abstain.logits.names import listed
from abstain.logits.numbered_from_one import called_by_number, distinct_numbers
from abstain.logits.source import INTEGERS, Source
from abstain.logits.value_columns import ValueColumns

Names = tuple[str, ...] | None
LABELS_AT_ONCE = 2**18
"""Labels read in a batch when only their names or numbers are looked for."""


def of_classes(
    source: Source, values: ValueColumns, label: str, given: Any, order: Names, is_told: bool, ignore_index: int | None
) -> ValueColumns:
    """The columns with the classes that they are of, where labels that are numbers tell it.

    Args:
        source: that has the columns.
        values: its columns of values.
        label: its column of labels.
        given: the labels, where they were read.
        order: names of the classes in the order in which labels that are numbers count them, where it is known.
        is_told: whether the columns are named in the order of the classes.
        ignore_index: the label that does not count.

    Raises:
        InputError: columns and labels have the classes in two orders, or the labels may count from 0 or from 1.
    """
    if order is not None and source.holds[label] == INTEGERS and values.class_names not in (None, order):
        raise ArgumentError(
            f"logit_columns names {values}, but the labels of {source.title} number the classes in another order "
            f"({listed(order)}): name the columns in that order"
        )
    if not values.count_from_1:
        return values
    if order is not None or (given is not None and class_texts(given, label) is not None):
        return called_by_number(source, values, [], is_told=is_told)
    columns = [given] if given is not None else _in_parts(source, label)
    return called_by_number(source, values, distinct_numbers(columns, label, ignore_index), is_told=is_told)


def check_order(
    source: Source, values: ValueColumns, classes: tuple[str, ...], n_columns: int, *, is_told: bool
) -> None:
    """Refuse labels that are names where nothing tells which value is whose.

    Args:
        source: for messages.
        values: its columns of values.
        classes: names of the classes.
        n_columns: how many values there are a sample.
        is_told: whether the names are in the order of the values.

    Raises:
        InputError: the order is not known, or there are more or fewer values than names.
    """
    if not is_told:
        raise InputError(
            f"the labels of {source.title} are names ({listed(classes)}), and nothing tells which of them each value "
            f"of {values} is of: name them in that order with class_names=, call the columns as the classes, or give "
            "labels from 0 to K - 1"
        )
    if len(classes) != max(n_columns, 2):
        raise InputError(
            f"the labels of {source.title} are {len(classes)} names ({listed(classes)}), but there are {n_columns} "
            "values a sample: give labels from 0 to K - 1, or call the columns as the classes"
        )


def _in_parts(source: Source, label: str) -> Iterator[Any]:
    return (batch[label] for batch in source.batches([label], LABELS_AT_ONCE)) if source.batches else iter(())
