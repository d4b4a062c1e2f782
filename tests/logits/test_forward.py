import hashlib

import pytest
import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput

from abstain import InputError
from abstain.logits.batch import Batch
from abstain.logits.forward import ExtractionPlan, labelled_batches, processes, weights_hash
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification


class Scale(PreTrainedModel):
    """Logits (B, 2) of numbers (B, 1): a layer in the precision of autocast, and a head; `last` sees the logits."""

    config_class = PreTrainedConfig
    main_input_name = "numbers"

    def __init__(self, config):
        super().__init__(config)
        self.body = nn.Linear(1, 4)
        self.classifier = nn.Linear(4, config.num_labels)
        self.post_init()

    def last(self, logits):
        return logits

    def forward(self, numbers):
        return ImageClassifierOutput(logits=self.last(self.classifier(self.body(numbers))))


def scale(kind=Scale):
    torch.manual_seed(0)
    return kind(PreTrainedConfig(num_labels=2, initializer_range=0.5))


class Numbers(torch.utils.data.Dataset):
    """Row i is the number i and the label i modulo 2; rows in `bad` cannot be read, and from `end` on no batch can."""

    def __init__(self, count, bad=(), end=10**9):
        self.count, self.bad, self.end, self.asked = count, bad, end, []

    def __len__(self):
        return self.count

    def __getitems__(self, rows):
        self.asked.append(rows)
        if max(rows) >= self.end:
            raise InputError(f"row {max(rows)} ends it all")
        good = [row for row in rows if row not in self.bad]
        inputs = {"numbers": torch.tensor([[float(row)] for row in good])} if good else {}
        labels = torch.tensor([row % 2 for row in good], dtype=torch.int64)
        return Batch(inputs, good, labels, {row: f"row {row} is bad" for row in rows if row in self.bad})


def run(dataset, batches, model=None, **plan):
    return list(labelled_batches(model or scale(), dataset, batches, ExtractionPlan(**plan)))


def test_every_batch_is_run_once_in_its_order():
    model, dataset = scale(), Numbers(7)
    pieces = run(dataset, [range(3), range(5, 7)], model)
    assert dataset.asked == [[0, 1, 2], [5, 6]] and [type(rows) for rows in dataset.asked] == [list, list]
    with torch.no_grad():
        expected = [model(torch.tensor([[float(row)] for row in rows])).logits for rows in dataset.asked]
    assert all(torch.equal(torch.from_numpy(piece.logits), e) for piece, e in zip(pieces, expected, strict=True))
    assert [piece.labels.tolist() for piece in pieces] == [[0, 1, 0], [1, 0]]
    assert run(dataset, []) == []


@pytest.mark.parametrize("workers", [0, 1])
def test_bad_rows_are_an_error_or_left_out_and_named(workers):
    dataset = Numbers(6, bad={1, 4, 5})
    batches = [range(2), range(2, 4), range(4, 6)]
    with pytest.raises(InputError, match=r"^row 1 is bad; skip_bad_samples leaves such samples out and counts them$"):
        run(dataset, batches, workers=workers)
    pieces = run(dataset, batches, workers=workers, skip_bad_samples=True)
    assert [piece.skipped for piece in pieces] == [[1], [], [4, 5]]
    assert [piece.labels.tolist() for piece in pieces] == [[0], [0, 1], []] and pieces[2].logits.shape == (0, 2)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_wrong_with_a_batch_is_one_sentence_from_a_worker_too(workers):
    with pytest.raises(InputError, match=r"^row 5 ends it all$"):
        run(Numbers(6, end=4), [range(2), range(4, 6)], workers=workers)


def test_a_model_is_put_in_evaluation_mode_and_its_memory_format():
    seen = []

    class Images(Numbers):
        def __getitems__(self, rows):
            return Batch({"pixel_values": torch.ones(len(rows), 3, 8, 8)}, rows, torch.zeros(len(rows)))

    model = CifarResNetForImageClassification(CifarResNetConfig(depth=8, width=4)).train()
    model.backbone.stem.register_forward_pre_hook(lambda layer, inputs: seen.extend([layer.weight, *inputs]))
    run(Images(2), [range(2)], model, channels_last=True)
    assert len(seen) == 2 and all(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in seen)
    assert not model.training


def test_logits_that_are_rounded_behind_the_head_are_refused():
    class Mixing(Scale):
        def last(self, logits):
            return logits @ torch.eye(2)

    assert len(run(Numbers(2), [range(2)], scale(Mixing))) == 1
    with pytest.raises(InputError, match=r"rounds its logits to torch\.bfloat16 behind its head: take dtype=float32"):
        run(Numbers(2), [range(2)], scale(Mixing), dtype="bfloat16")


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [("float32", "its weights or its inputs are no good"), ("float16", "take dtype=float32 or bfloat16")],
)
def test_logits_that_are_not_finite_are_refused(dtype, advice):
    model = scale()
    model.body.bias.data[0] = float("inf")
    with pytest.raises(InputError, match=f"the model gives NaN or infinite logits in {dtype}: {advice}"):
        run(Numbers(2), [range(2)], model, dtype=dtype)


def test_the_hash_is_of_names_weights_and_buffers():
    model = nn.BatchNorm1d(1)
    digest = hashlib.sha256()
    for name, value in (
        ("bias", torch.zeros(1)),
        ("num_batches_tracked", torch.tensor(0)),
        ("running_mean", torch.zeros(1)),
        ("running_var", torch.ones(1)),
        ("weight", torch.ones(1)),
    ):
        digest.update(name.encode() + value.numpy().tobytes())
    assert weights_hash(model) == digest.hexdigest()
    model.running_mean += 1
    assert weights_hash(model) != digest.hexdigest()


def test_plans_that_cannot_be_are_one_sentence():
    for settings, message in (
        ({"dtype": "float8"}, "unknown dtype 'float8': did you mean 'float32'"),
        ({"batch_size": 0}, "batch_size is 0, but must be at least 1"),
        ({"samples_per_shard": 0}, "samples_per_shard is 0"),
        ({"workers": -1}, "workers is -1"),
    ):
        with pytest.raises(InputError, match=message):
            ExtractionPlan(**settings)


def test_one_process_is_the_main_one():
    assert processes().is_main_process and processes().num_processes == 1
