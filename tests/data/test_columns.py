import tracemalloc

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value
from transformers import PreTrainedConfig

from abstain import InputError
from abstain.data.columns import (
    check_classes,
    check_filled,
    class_names,
    find_column,
    head_classes,
    read_labels,
    with_classes,
    with_head_classes,
)
from abstain.data.splits import load_data

PETS = {0: "cat", 1: "dog", 2: "emu"}


def labelled(labels, names=None):
    kind = Features({"y": ClassLabel(names=names)}) if names else None
    return Dataset.from_dict({"y": labels}, features=kind)


def of_kinds(**kinds):
    return Dataset.from_dict({name: [] for name in kinds}, features=Features(kinds))


def test_a_column_is_found_by_its_kind():
    digits = load_data("digits")["train"]
    assert find_column(digits, None, "image") == "image" and find_column(digits, None, "label") == "label"
    reviews = of_kinds(review=Value("large_string"), stars=ClassLabel(names=["1", "2"]), n=Value("int64"))
    assert find_column(reviews, None, "text") == "review" and find_column(reviews, None, "label") == "stars"


def test_of_several_the_one_called_as_its_role_is_taken():
    pictures = of_kinds(image=Image(), annotation=Image(), depth=Image(), label=Value("int64"))
    assert [find_column(pictures, None, role) for role in ("image", "annotation", "label")] == [
        "image",
        "annotation",
        "label",
    ]
    with pytest.raises(InputError, match="2 columns could be the text column: name one of a, b"):
        find_column(of_kinds(a=Value("string"), b=Value("string")), None, "text")
    with pytest.raises(InputError, match="0 columns could be the image column: name one of image"):
        find_column(of_kinds(image=Value("string")), None, "image")


def test_a_name_that_is_not_there_is_answered_with_the_nearest_as_it_is_spelled():
    columns = of_kinds(Text=Value("string"), y=Value("int64"))
    assert find_column(columns, "Text", "text") == "Text" and find_column(columns, "y") == "y"
    with pytest.raises(InputError, match=r"^there is no text column 'text': did you mean 'Text'\?$"):
        find_column(columns, "text", "text")
    with pytest.raises(InputError, match=r"^there is no column 'Y': did you mean 'y'\?$"):
        find_column(columns, "Y")
    with pytest.raises(InputError, match=r"the text column 'y' holds Value\('int64'\), but must hold texts"):
        find_column(columns, "y", "text")


def test_classes_are_named_or_integers():
    assert class_names(labelled([1], ["b", "a"]), "y") == ["b", "a"]
    assert class_names(labelled([2, 0, None, 1]), "y") == ["0", "1", "2"]
    with pytest.raises(InputError, match=r"holds Value\('float64'\), but must hold classes or integers"):
        class_names(labelled([0.5]), "y")


def test_text_labels_become_ids_that_all_splits_share_and_integers_stay():
    texts = DatasetDict(train=labelled(["no", "yes", "maybe", "no"]), test=labelled(["yes", "yes"]))
    data, names = with_classes(texts, "y")
    assert names == ["maybe", "no", "yes"]
    assert data["train"]["y"][:] == [1, 2, 0, 1] and data["test"]["y"][:] == [2, 2]
    assert data["test"].features["y"].names == names

    shuffled = [0, 10, 2, 1, 9, 3, 8, 4, 7, 5, 6, 6]
    data, names = with_classes(DatasetDict(train=labelled(shuffled), test=labelled([10])), "y")
    assert names == [str(n) for n in range(11)] and data["train"]["y"][:] == shuffled


def test_text_labels_that_look_like_ids_keep_their_own():
    data, names = with_classes(DatasetDict(train=labelled(["1", "0", "10", "2"]), test=labelled(["2"])), "y")
    assert names == ["0", "1", "10", "2"] and data["test"]["y"][:] == [3]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (["a", "b"], ["a", "c"], "the split 'test' has the label 'c', but labels must be classes of the training data"),
        (["a", "b"], ["0"], "the split 'test' has the label '0', but"),
        (["a", None, "b"], ["a"], "the split 'train' has the label None, but"),
        (["a", "a"], ["a"], "the label column 'y' holds nothing but a, but two classes are needed"),
        ([0, 1], [2], "the split 'test' has the label 2, but labels must be classes of the training data, from 0 to 1"),
        ([0, 0], [0], "holds nothing but 0, but two classes are needed"),
        ([7, 7], [7], "holds nothing but 7, but two classes are needed"),
        ([0, 1], [-1], "the split 'test' has the label -1"),
        ([0.5, 1.5], [0.5], "must hold classes or integers"),
    ],
)
def test_labels_that_are_no_class_are_one_sentence(train, test, message):
    with pytest.raises(InputError, match=message) as caught:
        with_classes(DatasetDict(train=labelled(train), test=labelled(test)), "y")
    assert "\n" not in str(caught.value)


CURE = "give labels from 0 to {}, texts, or a ClassLabel column, which may name classes without rows$"


@pytest.mark.parametrize(
    ("labels", "highest", "missing", "last"),
    [([1, 2, 3], 3, "0", 2), ([0, 1, 5, 3], 5, "2, 4", 3), ([1, 12], 12, "0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11", 1)],
)
def test_integers_below_the_highest_that_the_training_data_lack_are_named(labels, highest, missing, last):
    if highest - last > 10:  # 11 of them
        missing = f"but {len(labels)} distinct labels are in the training data: name another label_column, or "
    else:
        missing = f"but the training data have no row with {missing}: "
    with pytest.raises(InputError, match=f"^the highest label in 'y' is {highest}, {missing}{CURE.format(last)}"):
        with_classes(DatasetDict(train=labelled(labels), test=labelled(labels)), "y")


def test_no_list_is_made_of_the_labels_up_to_a_very_high_one():
    times = labelled([2_000_000, 2_000_060, 2_000_120])  # a list up to them takes more than 100 MB
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"2000120, but 3 distinct labels .*: name another label_column, or"):
            with_classes(DatasetDict(train=times), "y")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_named_classes_need_not_all_occur():
    data, names = with_classes(DatasetDict(train=labelled([2, 1], ["a", "b", "c", "d"])), "y")
    assert names == ["a", "b", "c", "d"] and data["train"]["y"][:] == [2, 1]


def test_labels_are_classes_of_the_head_in_its_order():
    check_classes(labelled([0, 2], ["cat", "dog", "emu"]), "y", PETS, split="test", whose="the head")
    check_classes(labelled([0, 2]), "y", PETS, split="test", whose="the head")
    check_classes(labelled([1], ["1", "2"]), "y", PETS, split="test", whose="the head")  # cannot be compared
    for label in (-1, 3, None):
        with pytest.raises(InputError, match=f"'test' has the label {label}, but .* of the head, from 0 to 2"):
            check_classes(labelled([0, label]), "y", PETS, split="test", whose="the head")
    with pytest.raises(InputError, match="class 1 is 'emu' in the split 'test' and 'dog' in the head"):
        check_classes(labelled([0], ["cat", "emu", "dog"]), "y", PETS, split="test", whose="the head")


def test_one_logit_is_called_by_the_second_class():
    check_classes(labelled([0, 1], ["no", "yes"]), "y", {0: "yes"}, split="test", whose="the head")
    with pytest.raises(InputError, match="class 1 is 'no' in the split 'test' and 'yes' in the head"):
        check_classes(labelled([0, 1], ["yes", "no"]), "y", {0: "yes"}, split="test", whose="the head")
    with pytest.raises(InputError, match=r"has the label 2, but .* from 0 to 1"):
        check_classes(labelled([2]), "y", {0: "yes"}, split="test", whose="the head")


def test_texts_get_the_ids_of_the_head():
    assert with_head_classes(labelled(["emu", "cat"]), "y", PETS, split="test")["y"][:] == [2, 0]
    assert with_head_classes(labelled(["yes", "no"]), "y", {0: "yes"}, split="test")["y"][:] == [1, 0]
    assert with_head_classes(labelled([2, 0]), "y", PETS, split="test")["y"][:] == [2, 0]
    with pytest.raises(InputError, match=r"label 'dogs', but .* classes of the model's head: did you mean 'dog'\?"):
        with_head_classes(labelled(["cat", "dogs"]), "y", PETS, split="test")
    with pytest.raises(InputError, match="the label 'maybe', but"):  # which of them would be class 0?
        with_head_classes(labelled(["maybe", "no", "yes"]), "y", {0: "yes"}, split="test")


def test_heads_are_named_by_their_classes():
    assert head_classes(["a", "b"]) == {"id2label": {0: "a", 1: "b"}, "label2id": {"a": 0, "b": 1}}
    assert head_classes(["no", "yes"], one_logit=True) == {"id2label": {0: "yes"}, "label2id": {"yes": 0}}
    assert PreTrainedConfig(**head_classes(["no", "yes"], one_logit=True)).num_labels == 1
    with pytest.raises(InputError, match="one_logit is for two classes, but there are 3"):
        head_classes(["a", "b", "c"], one_logit=True)


def test_labels_are_read_without_the_rest_of_their_rows():
    broken = [{"bytes": b"no image", "path": None}] * 4
    kinds = Features({"image": Image(), "y": Value("int8")})
    dataset = Dataset.from_dict({"image": broken, "y": [3, 1, 2, 0]}, features=kinds)
    assert read_labels(dataset, "y").dtype == np.int64
    assert read_labels(dataset, "y").tolist() == [3, 1, 2, 0]
    assert read_labels(dataset.select([2, 0, 1]), "y", [1, 0]).tolist() == [3, 2]
    with pytest.raises(InputError, match="1 labels in 'y' are empty"):
        read_labels(labelled([0, None]), "y")


@pytest.mark.parametrize("labels", [[-1, -1], [None, None]])
def test_labels_that_name_no_class_are_one_sentence(labels):
    data = DatasetDict(train=Dataset.from_dict({"label": labels}, features=Features({"label": Value("int64")})))
    with pytest.raises(InputError, match="the label column 'label' holds no class, but two classes are needed"):
        with_classes(data, "label")


def test_texts_that_are_all_empty_are_one_sentence():
    data = DatasetDict(train=Dataset.from_dict({"label": [None, None]}, features=Features({"label": Value("string")})))
    with pytest.raises(InputError, match="the label column 'label' holds no class, but two classes are needed"):
        with_classes(data, "label")


def test_a_column_that_only_one_split_lacks_is_named(tmp_path):
    filled = {"age": [1, 2], "label": ["a", "b"]}
    data = DatasetDict(train=Dataset.from_dict(filled), test=Dataset.from_dict({**filled, "age": [None, None]}))
    check_filled(data, ["label"])
    with pytest.raises(InputError, match="the split 'test' has nothing in the column 'age', which train fills"):
        check_filled(data, ["label", "age"])
    data["train"] = data["test"]
    check_filled(data, ["age"])  # which no split fills
