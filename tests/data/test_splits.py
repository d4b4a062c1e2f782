import pytest
from datasets import Dataset, DatasetDict
from full_disk import full_disk
from PIL import Image as PILImage

from abstain import InputError
from abstain.data.digits import load_digits_dataset
from abstain.data.splits import limit_samples, load_data, pick_split, with_test, with_validation, write_split


@pytest.mark.parametrize("name", ["digits", "noisy_digits"])
def test_embedded_data_sets_are_had_by_their_names(name):
    expected = load_digits_dataset(noisy=name == "noisy_digits")["train"]
    assert load_data(name)["train"][:] == expected[:]


def test_a_folder_of_images_is_read(tmp_path):
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            PILImage.new("RGB", (4, 4)).save(folder / "1.png")
    data = load_data(str(tmp_path))
    assert data["train"].features["label"].names == ["cat", "dog"]
    assert len(data["test"]) == 2


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/data", "~/nowhere", "a/b/c"])
def test_a_folder_that_does_not_exist_is_named(name):
    with pytest.raises(InputError, match=r"the data folder '.*' does not exist"):
        load_data(name)


def test_a_file_is_no_data_set_and_a_folder_with_it_may_be(tmp_path):
    (tmp_path / "rows.csv").write_text("x0,label\n1,0\n")
    with pytest.raises(InputError, match=r"rows\.csv' is a file, but must be a folder .* holds it as 'test\.csv', say"):
        load_data(str(tmp_path / "rows.csv"))


def test_a_packed_file_is_kept_packed(tmp_path):
    (tmp_path / "a.rows.csv.gz").touch()
    with pytest.raises(InputError, match=r"is a file, .* holds it as 'test\.csv\.gz', say"):
        load_data(str(tmp_path / "a.rows.csv.gz"))


@pytest.mark.parametrize("name", ["k11.csv", "K11.CSV", "k.11.csv.gz", "./rows.parquet", "rows.jsonl", "rows.npz"])
def test_the_name_of_a_file_is_not_looked_up_on_the_hub(name, monkeypatch):
    monkeypatch.setattr("abstain.data.splits.load_dataset", None)
    with pytest.raises(InputError, match=f"^there is no file '{name}', .*: give a folder that holds 'test"):
        load_data(name)


@pytest.mark.parametrize("name", ["data.csv", "rows.parquet"])
def test_a_folder_may_be_called_as_a_file(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "test.csv").write_text("x0,label\n1,0\n")
    assert len(load_data(str(tmp_path / name))["test"]) == 1


def test_a_folder_without_data_is_one_sentence(tmp_path):
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(InputError, match="could not be read in this folder") as caught:
        load_data(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_hub_name_without_a_network_is_one_sentence():
    with pytest.raises(InputError, match="'nobody/nothing' could not be read on the Hub"):
        load_data("nobody/nothing")


def test_the_held_out_samples_depend_on_the_seed_alone():
    data = load_data("digits")
    splits = [with_validation(data, size=200, seed=seed) for seed in (0, 0, 1)]
    assert [len(splits[0][name]) for name in ("train", "validation", "test")] == [500, 200, 797]
    assert splits[0]["validation"]["label"] == splits[1]["validation"]["label"]
    assert splits[0]["validation"]["label"] != splits[2]["validation"]["label"]


def test_held_out_samples_are_not_trained_on():
    data = DatasetDict(train=Dataset.from_dict({"x": range(50)}), test=Dataset.from_dict({"x": [0]}))
    splits = with_validation(data, size=20, seed=0)
    assert sorted([*splits["train"]["x"], *splits["validation"]["x"]]) == list(range(50))


def test_the_own_validation_split_is_taken_when_nothing_is_held_out():
    data = DatasetDict({name: Dataset.from_dict({"x": [name]}) for name in ("train", "validation", "test")})
    assert with_validation(data, size=0, seed=0)["validation"]["x"] == ["validation"]
    assert with_validation(data, size=0, seed=0, test_split="validation")["test"]["x"] == ["validation"]


def test_validation_is_held_out_of_the_test_where_that_is_wanted():
    data = DatasetDict(train=Dataset.from_dict({"x": [-1]}), val=Dataset.from_dict({"x": range(50)}))
    chosen = {"seed": 0, "test_split": "val", "from_test": True}
    splits = with_validation(data, size=20, **chosen)
    assert splits["train"]["x"] == [-1] and len(splits["validation"]) == 20
    assert sorted([*splits["validation"]["x"], *splits["test"]["x"]]) == list(range(50))
    assert with_validation(data, size=20, **chosen)["test"]["x"] == splits["test"]["x"]
    for size in (0, 50):
        with pytest.raises(InputError, match=rf"validation_size is {size}, but must be from 1 to 49 \(val must keep"):
            with_validation(data, size=size, **chosen)


def test_missing_empty_and_small_splits_are_named():
    train, empty = Dataset.from_dict({"x": [1, 2]}), Dataset.from_dict({"x": []})
    with pytest.raises(InputError, match="no split 'test': this data set has train"):
        with_validation(DatasetDict(train=train), size=1, seed=0)
    with pytest.raises(InputError, match="the split 'test' is empty"):
        with_validation(DatasetDict(train=train, test=empty), size=1, seed=0)
    with pytest.raises(InputError, match="no split 'validation'"):
        with_validation(DatasetDict(train=train, test=train), size=0, seed=0)
    with pytest.raises(InputError, match="validation_size is 2, but must be from 1 to 1"):
        with_validation(DatasetDict(train=train, test=train), size=2, seed=0)


def test_a_table_in_one_piece_is_divided_by_the_seed_alone():
    whole = DatasetDict(train=Dataset.from_dict({"x": range(50)}))
    first, again, other = (with_test(whole, fraction=0.8, seed=seed) for seed in (0, 0, 1))
    assert {name: len(split) for name, split in first.items()} == {"train": 10, "test": 40}
    assert sorted([*first["train"]["x"], *first["test"]["x"]]) == list(range(50))
    assert first["test"]["x"] == again["test"]["x"] != other["test"]["x"]
    assert with_test(whole, fraction=0.0, seed=0) is whole


def test_a_fraction_that_leaves_nothing_is_refused():
    train = Dataset.from_dict({"x": [1, 2]})
    with pytest.raises(InputError, match="this data set has train, test: leave it out"):
        with_test(DatasetDict(train=train, test=train), fraction=0.5, seed=0)
    with pytest.raises(InputError, match="test_fraction takes 0 of the 2 samples"):
        with_test(DatasetDict(train=train), fraction=0.1, seed=0)
    with pytest.raises(InputError, match=r"test_fraction is 1.5, but must be a fraction in \[0, 1\)"):
        with_test(DatasetDict(train=train), fraction=1.5, seed=0)


def test_samples_are_limited_at_random():
    data = DatasetDict(train=Dataset.from_dict({"x": range(50)}), test=Dataset.from_dict({"x": [0]}))
    limited = limit_samples(data, 5, seed=0)
    assert len(limited["train"]) == 5 and limited["train"]["x"] != [0, 1, 2, 3, 4]
    assert limited["test"]["x"] == [0]
    assert limit_samples(data, None, seed=0) is data


def test_an_empty_split_of_a_folder_is_named(tmp_path):
    (tmp_path / "train.csv").write_text("x\n1\n")
    (tmp_path / "test.csv").write_text("x\n")
    with pytest.raises(InputError, match=r"^the split 'test' is empty, but at least one sample is needed$"):
        load_data(str(tmp_path))


def test_a_split_is_written_whole_and_read_again(tmp_path):
    digits = load_data("digits")["test"].select(range(7))
    path = write_split(digits, tmp_path / "new", "test")
    assert [file.name for file in path.parent.iterdir()] == ["test.parquet"]
    again = pick_split(load_data(str(tmp_path / "new")), "test")
    assert again["label"][:] == digits["label"][:] and again.features == digits.features
    with pytest.raises(InputError, match=r"test\.parquet' exists already: give another folder"):
        write_split(digits, tmp_path / "new", "test")
    with pytest.raises(InputError, match="there is no split 'train': this data set has test"):
        pick_split(load_data(str(tmp_path / "new")), "train")


def test_a_split_that_cannot_be_written_leaves_nothing(tmp_path):
    with full_disk(1000), pytest.raises(InputError, match=r"test\.parquet' cannot be written"):
        write_split(load_data("digits")["test"], tmp_path, "test")
    assert not list(tmp_path.iterdir())
