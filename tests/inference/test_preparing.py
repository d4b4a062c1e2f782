import numpy as np
import pytest
import torch
from datasets import Dataset
from every_model import Case
from PIL import Image
from transformers import SegformerConfig, SegformerImageProcessor, ViTImageProcessor

from abstain import AbstentionRule, InputError, LogitNorm
from abstain._checks import ArgumentError
from abstain.data import TableEncoder
from abstain.inference.preparing import check_processor, check_rule, class_names_of, prepare, processor_of, run
from abstain.models import new_classifier
from abstain.scores.confidence import OfProbabilities, SoftmaxScore
from abstain.threshold.operating_point import OperatingPoint

POINT = OperatingPoint(0.5, 0.5, 0.1, False, 0.1, None, 9)
PROCESSOR = ViTImageProcessor(size={"height": 8, "width": 8})


def encoder():
    table = Dataset.from_dict({"age": [1.0, 3.0, 5.0], "job": ["cook", "nurse", "cook"], "y": ["no", "yes", "no"]})
    return TableEncoder.fit(table, "y")


def rule_for(names):
    return AbstentionRule(LogitNorm(2), POINT, len(names), names)


def images(*sizes):
    random = np.random.default_rng(0)
    return [Image.fromarray(random.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]


def test_images_are_prepared_as_each_alone():
    samples = images((9, 12), (12, 9), (20, 20))
    inputs, sizes = prepare("images", PROCESSOR, samples, 0)
    assert sizes == [(9, 12), (12, 9), (20, 20)] and inputs["pixel_values"].shape == (3, 3, 8, 8)
    for of_batch, sample in zip(inputs["pixel_values"], samples, strict=True):
        assert torch.equal(of_batch, PROCESSOR(sample, return_tensors="pt")["pixel_values"][0])


def test_images_of_several_sizes_are_no_batch():
    with pytest.raises(InputError, match="images of several sizes, but a batch needs one: take batch_size=1"):
        prepare("images", ViTImageProcessor(do_resize=False), images((9, 12), (12, 9)), 0)


def test_rows_are_encoded_with_empty_cells_and_new_categories():
    made = encoder()
    inputs, _ = prepare("tables", made, [{"age": 3, "job": "cook"}, {"age": None, "job": "pilot"}], 0)
    assert inputs["features"].tolist() == [[0, 1, 0], [0, 0, 0]], "the mean, and all zeros"


@pytest.mark.parametrize(
    ("kind", "samples", "said"),
    [
        ("texts", ["a", 3], "sample 11 is 3, but must be a text"),
        ("tables", [3, 4], "sample 10 is 3, but must be a row of a table: give a dictionary"),
        ("tables", [{"age": 3}], "sample 10 has no 'job', which the model was trained on"),
        (
            "tables",
            [{"age": 3, "job": "cook"}, {"age": "old", "job": "cook"}],
            "sample 11 has 'old' as 'age', but it must be a number",
        ),
        ("images", ["no.png"], "sample 10 is the path 'no.png'"),
    ],
)
def test_a_wrong_sample_is_named_by_its_number(kind, samples, said):
    processors = {"texts": None, "tables": encoder(), "images": PROCESSOR}
    with pytest.raises(InputError, match=said) as refused:
        prepare(kind, processors[kind], samples, 10)
    assert "\n" not in str(refused.value)


def test_the_processor_has_to_be_of_the_kind():
    config = Case("tabular_mlp").make().config
    with pytest.raises(ArgumentError, match="the processor is ViTImageProcessor, but must be a TableEncoder"):
        check_processor("tables", PROCESSOR, config)
    with pytest.raises(ArgumentError, match="the processor is TableEncoder, but must be a tokenizer"):
        check_processor("texts", encoder(), config)
    with pytest.raises(ArgumentError, match="the processor is function, but must be an image processor"):
        check_processor("images", lambda image: image, config)
    with pytest.raises(InputError, match="the encoder gives 3 features, but the model takes 8"):
        check_processor("tables", encoder(), config)


def test_a_rule_for_something_else_is_refused():
    check_rule(None, 3)
    check_rule(AbstentionRule(LogitNorm(2), POINT, 3), 3)
    with pytest.raises(InputError, match="the rule was made for 3 classes, but the model has 10: fit it anew"):
        check_rule(AbstentionRule(LogitNorm(2), POINT, 3), 10)
    with pytest.raises(InputError, match="but a model gives logits"):
        check_rule(AbstentionRule(OfProbabilities(SoftmaxScore("msp")), POINT, 3), 3)


@pytest.mark.parametrize("name", ["cifar_resnet", "tabular_mlp", "lstm_text_classifier"])
def test_a_model_runs_in_the_type_of_its_weights(name):
    case = Case(name)
    model = case.make()
    expected = case.logits(model)
    assert torch.equal(run(model, case.inputs), expected)
    in_double = run(model.double(), case.inputs)
    assert in_double.dtype == torch.float64 and torch.allclose(in_double.float(), expected, atol=1e-5)
    assert run(case.make().to(torch.bfloat16), case.inputs).dtype == torch.float32


def test_logits_that_are_not_finite_are_refused():
    case = Case("tabular_mlp")
    model = case.make()
    with torch.no_grad():
        model.classifier.bias[0] = float("nan")
    with pytest.raises(InputError, match="the model gives NaN or infinite logits"):
        run(model, case.inputs)


def test_classes_are_called_as_the_rule_the_encoder_or_the_model_says():
    model, made = Case("tabular_mlp").make(), encoder()
    names = ("cat", "dog", "owl", "yak", "zho")
    assert class_names_of(model, None, None) == names == class_names_of(model, None, rule_for(names))
    with pytest.raises(InputError, match="the table encoder has 2 class names, but the model has 5 classes"):
        class_names_of(model, made, None)
    with pytest.raises(InputError, match=r"the rule calls the classes \('dog', .*, but the model \('cat', "):
        class_names_of(model, None, rule_for(("dog", "cat", *names[2:])))
    model.config.id2label = {index: f"LABEL_{index}" for index in range(5)}
    assert class_names_of(model, None, rule_for(names)) == names, "the model has only numbers"
    one_logit = new_classifier("tables", "tabular_mlp", ["no", "yes"], one_logit=True, num_features=3)
    assert class_names_of(one_logit, made, None) == ("no", "yes")
    assert class_names_of(one_logit, None, None) == ("not yes", "yes")
    with pytest.raises(InputError, match=r"the rule calls the classes \('yes', 'no'\), but the model"):
        class_names_of(one_logit, made, rule_for(("yes", "no")))


def test_what_stands_beside_a_checkpoint_is_found(tmp_path):
    encoder().save_pretrained(tmp_path)
    PROCESSOR.save_pretrained(tmp_path)
    assert processor_of("tables", str(tmp_path)) == encoder()
    assert processor_of("images", str(tmp_path)).size == PROCESSOR.size
    with pytest.raises(InputError, match="has no tokenizer: save one beside it"):
        processor_of("texts", str(tmp_path))


def test_pixels_need_a_processor_that_shows_the_whole_image():
    config = SegformerConfig()
    check_processor("pixels", SegformerImageProcessor(), config)
    check_processor("images", ViTImageProcessor(do_center_crop=True), config)
    for cut in ({"do_center_crop": True}, {"do_pad": True}):
        with pytest.raises(InputError, match="so that pixels would not lie where the mask has them"):
            check_processor("pixels", SegformerImageProcessor(**cut), config)


@pytest.mark.parametrize(
    ("error", "said"), [(RuntimeError("no such size"), "no such size"), (IndexError(), "IndexError")]
)
def test_what_a_model_cannot_take_is_one_sentence(error, said):
    class Picky(torch.nn.Linear):
        def forward(self, values):
            raise error

    with pytest.raises(InputError, match=rf"the model cannot take values \(2, 3\) \({said}\)"):
        run(Picky(3, 3), {"values": torch.zeros(2, 3)})
