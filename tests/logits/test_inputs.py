import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as PILImage
from transformers import BertTokenizer, BitImageProcessor, BitImageProcessorPil, DetrImageProcessor

from abstain import InputError
from abstain.data.processors import as_timm, resize_and_crop, squash
from abstain.data.splits import load_data
from abstain.data.tables import TableEncoder
from abstain.logits.inputs import ImageInputs, TableInputs, TextInputs, stacked

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]


def image_inputs(rows=range(20), **changes):
    processor = BitImageProcessor(
        size={"height": 4, "width": 4},
        do_center_crop=False,
        **{"image_mean": [0.5] * 3, "image_std": [0.5] * 3} | changes,
    )
    return ImageInputs(load_data("digits")["test"].select(rows), processor, "image", split="test")


def test_images_are_those_of_the_processor_with_their_labels():
    inputs = image_inputs()
    batch = inputs.__getitems__([3, 5])
    images, labels = inputs.dataset["image"][:], inputs.dataset["label"][:]
    expected = inputs.processor([images[row].convert("RGB") for row in (3, 5)], return_tensors="pt")["pixel_values"]
    assert torch.equal(batch.inputs["pixel_values"], expected) and expected.shape == (2, 3, 4, 4)
    assert batch.rows == [3, 5] and batch.labels.tolist() == [labels[3], labels[5]] and batch.bad == {}


@pytest.mark.parametrize(
    "processor",
    [
        resize_and_crop(8),
        squash(8, 6),
        as_timm(resize_and_crop(8)),
        BitImageProcessorPil(size={"shortest_edge": 9}, crop_size={"height": 8, "width": 8}),
    ],
)
@pytest.mark.parametrize("sizes", [[(20, 12)] * 20, [(20, 12), (12, 20)] * 10])
def test_the_pixels_of_an_image_do_not_depend_on_its_batch(processor, sizes):
    noise = np.random.default_rng(0)
    images = [PILImage.fromarray(noise.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]
    dataset = Dataset.from_dict(
        {"image": images, "label": [0] * len(sizes)}, features=Features({"image": Image(), "label": ClassLabel(2)})
    )
    batch = ImageInputs(dataset, processor, "image").__getitems__(list(range(len(sizes))))
    alone = [processor(image, return_tensors="pt")["pixel_values"][0] for image in images]
    assert torch.equal(batch.inputs["pixel_values"], torch.stack(alone))


def test_small_images_are_not_filled_up_to_the_largest_of_their_batch():
    processor = DetrImageProcessor(do_resize=False, do_pad=True)
    images = [PILImage.new("RGB", size) for size in ((8, 8), (6, 8))]
    dataset = Dataset.from_dict(
        {"image": images, "label": [0, 1]}, features=Features({"image": Image(), "label": ClassLabel(2)})
    )
    with pytest.raises(InputError, match="gives images of several sizes"):
        ImageInputs(dataset, processor, "image").__getitems__([0, 1])


def test_every_image_is_decoded_once(monkeypatch):
    inputs, decode, decoded = image_inputs(), Image.decode_example, []
    monkeypatch.setattr(Image, "decode_example", lambda *given, **more: decoded.append(1) or decode(*given, **more))
    assert len(inputs.__getitems__([1, 2, 3]).labels) == len(decoded) == 3


def test_an_image_that_does_not_decode_is_named_and_the_others_stay(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    PILImage.fromarray(noise).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    contents = {"a.png": whole, "b.png": whole[:60], "c.png": whole}
    files = [{"bytes": content, "path": name} for name, content in contents.items()]
    features = Features({"image": Image(), "label": ClassLabel(names=["x", "y", "z"])})
    inputs = image_inputs()
    inputs.dataset = Dataset.from_dict({"image": files, "label": [0, 1, 2]}, features=features)
    batch = inputs.__getitems__([0, 1, 2])
    assert batch.rows == [0, 2] and batch.labels.tolist() == [0, 2] and len(batch.inputs["pixel_values"]) == 2
    assert list(batch.bad) == [1] and batch.bad[1].startswith("image 1 does not decode (split 'test', file b.png): ")
    none = inputs.__getitems__([1])
    assert none.inputs == {} and none.rows == [] and none.labels.shape == (0,) and none.labels.dtype == torch.int64


def test_images_of_several_sizes_are_one_sentence():
    with pytest.raises(InputError, match="gives images of several sizes, but a batch needs one: give it a size"):
        stacked([torch.zeros(3, 4, 4), torch.zeros(3, 4, 5)], "give it a size")


def test_the_fingerprint_is_of_order_content_and_processor():
    prints = [
        image_inputs(),
        image_inputs(rows=list(reversed(range(20)))),
        image_inputs(rows=range(19)),
        image_inputs(image_mean=[0.4] * 3),
    ]
    assert len({inputs.fingerprint() for inputs in prints}) == 4
    assert image_inputs().fingerprint() == prints[0].fingerprint()


@pytest.fixture
def text_inputs(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    tokenizer = BertTokenizer(str(tmp_path / "vocab.txt"))
    texts = ["good film", "bad", "good good good film"]
    return TextInputs(Dataset.from_dict({"text": texts, "label": [1, 0, 1]}), tokenizer, "text", max_length=4)


def test_texts_are_padded_to_the_longest_of_their_batch_and_cut(text_inputs):
    batch = text_inputs.__getitems__([0, 1])
    assert batch.inputs["input_ids"].tolist() == [[2, 5, 7, 3], [2, 6, 3, 0]]
    assert batch.inputs["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch.labels.tolist() == [1, 0] and batch.rows == [0, 1]
    assert text_inputs.__getitems__([2]).inputs["input_ids"].tolist() == [[2, 5, 5, 3]]
    before = text_inputs.fingerprint()
    text_inputs.processor.padding_side = "left"
    assert text_inputs.fingerprint() != before and len(text_inputs) == 3


def test_rows_of_a_table_are_those_of_its_encoder():
    table = Dataset.from_dict({"age": [20.0, 30.0, 40.0], "job": ["a", "b", "a"], "label": ["no", "yes", "no"]})
    encoder = TableEncoder.fit(table, "label")
    inputs = TableInputs(table, encoder)
    batch = inputs.__getitems__([2, 1])
    expected = encoder.encode(table)
    assert all(torch.equal(batch.inputs[name], tensor[[2, 1]]) for name, tensor in expected.inputs.items())
    assert batch.labels.tolist() == [0, 1] and batch.rows == [2, 1] and len(inputs) == 3
    assert TableInputs(table.select([0, 2, 1]), encoder).fingerprint() != inputs.fingerprint()
