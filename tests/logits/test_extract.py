import subprocess
import sys

import numpy as np
import pytest
import torch
from dense_model import dense_model
from transformers import BertConfig, BertForSequenceClassification, default_data_collator

from abstain import InputError, extract_logits
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification

IMAGES = torch.randn(11, 3, 16, 16, generator=torch.Generator().manual_seed(0))
ITEMS = [{"pixel_values": image, "labels": index % 5} for index, image in enumerate(IMAGES)]

PROGRAM = """
import sys
import numpy as np
import torch
import test_extract as cases
from abstain import extract_logits
from abstain.logits.forward import processes

for size in (2, 3, 4):
    found = extract_logits(cases.resnet(), cases.ITEMS, batch_size=size)
    for number, array in enumerate(found):
        np.save(f"{sys.argv[1]}/{size}-{number}-{processes().process_index}.npy", array)
assert processes().num_processes == int(sys.argv[2])
if torch.distributed.is_initialized():
    torch.distributed.destroy_process_group()
"""


def resnet():
    torch.manual_seed(0)
    return CifarResNetForImageClassification(CifarResNetConfig(depth=8, width=4, num_labels=5)).eval()


@pytest.mark.parametrize("batch_size", [4, 11, 100])
def test_logits_come_in_the_order_of_the_data_set(batch_size):
    model = resnet()
    logits, labels = extract_logits(model.train(), ITEMS, batch_size=batch_size)
    with torch.no_grad():
        batches = [model.eval()(batch).logits for batch in IMAGES.split(batch_size)]
    assert logits.dtype == np.float32 and np.array_equal(logits, torch.cat(batches).numpy())
    assert labels.dtype == np.int64 and labels.tolist() == [index % 5 for index in range(11)]


def test_no_gradient_and_no_autocast_of_the_caller_has_a_part_in_it():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        within = extract_logits(dense_model(), [{"pixel_values": IMAGES[0], "labels": 0}])[0]
    assert np.array_equal(within, extract_logits(dense_model(), [{"pixel_values": IMAGES[0], "labels": 0}])[0])


def test_a_collator_makes_the_batches():
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertForSequenceClassification(BertConfig(vocab_size=20, num_labels=3, **sizes)).eval()
    texts = [[5, 6], [7, 8, 9, 10], [11], [12, 13, 14]]

    def padded(items):
        width = max(len(item["input_ids"]) for item in items)
        rows = [
            {"labels": item["labels"], **{k: [0] * width for k in ("input_ids", "attention_mask")}} for item in items
        ]
        for row, item in zip(rows, items, strict=True):
            row["input_ids"][: len(item["input_ids"])] = item["input_ids"]
            row["attention_mask"][: len(item["input_ids"])] = [1] * len(item["input_ids"])
        return default_data_collator(rows)

    items = [{"input_ids": text, "labels": index % 3} for index, text in enumerate(texts)]
    logits, labels = extract_logits(model, items, batch_size=2, data_collator=padded)
    with torch.no_grad():
        alone = torch.cat([model(torch.tensor([text])).logits for text in texts])
    assert np.allclose(logits, alone, atol=1e-6) and labels.tolist() == [0, 1, 2, 0]


def test_items_are_read_in_batches_where_the_data_set_can():
    asked = []

    class Whole(torch.utils.data.Dataset):
        def __len__(self):
            return 10

        def __getitems__(self, rows):
            asked.append(rows)
            return [ITEMS[row] for row in rows]

    logits, _ = extract_logits(resnet(), Whole(), batch_size=6)
    assert np.array_equal(logits, extract_logits(resnet(), ITEMS[:10], batch_size=6)[0])
    assert asked == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]


def test_an_empty_data_set_and_logits_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="the data set is empty"):
        extract_logits(resnet(), [])
    model = resnet()
    model.classifier.bias.data[1] = float("nan")
    with pytest.raises(InputError, match="the model gives NaN or infinite logits in float32"):
        extract_logits(model, ITEMS)


def test_labels_of_pixels_or_tokens_are_refused():
    with pytest.raises(InputError, match=r"labels of a batch have shape \(2, 3\), but each sample must have one"):
        extract_logits(resnet(), [{**item, "labels": [0, 1, 2]} for item in ITEMS[:2]])


def test_two_processes_give_the_bits_of_one(tmp_path, root, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", ":".join([*sys.path, str(root / "tests"), str(root / "tests" / "logits")]))
    for folder, number, launcher in (
        ("one", 1, []),
        ("two", 2, ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]),
    ):
        (tmp_path / folder).mkdir()
        command = [sys.executable, *launcher, str(tmp_path / "program.py"), str(tmp_path / folder), str(number)]
        finished = subprocess.run(command, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
    for size in (2, 3, 4):
        for number in range(2):
            expected = (tmp_path / "one" / f"{size}-{number}-0.npy").read_bytes()
            for process in (0, 1):
                assert (tmp_path / "two" / f"{size}-{number}-{process}.npy").read_bytes() == expected
