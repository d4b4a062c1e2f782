import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def corrupted(program):
    return program("corrupted_images")


@pytest.mark.filterwarnings("ignore:The image decoding:DeprecationWarning")  # of what torchvision itself calls
def test_each_transform_does_more_at_each_severity(corrupted):
    steps = torch.arange(32)
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    image = torch.stack([8 * rows, 8 * columns, 4 * (rows + columns)])
    image = (image + 40 * (steps % 5 == 0)).clamp(0, 255).to(torch.uint8)
    for name, (_, values) in corrupted.SEVERITIES.items():
        changes = []
        for value in values:
            (after,) = corrupted.transformed([image], name, value)
            changes.append(np.abs(np.asarray(after).astype(int) - image.permute(1, 2, 0).numpy()).mean())
        assert changes[0] > 0 and changes == sorted(changes), name


def test_the_confidences_are_those_that_chose_the_threshold(corrupted):
    classifier, confidence = corrupted.classifier_and_validation("resnet20_cifar10_ls")
    point = classifier.rule.operating_point
    assert len(confidence) == point.n_samples
    assert (confidence >= point.threshold).mean() == point.coverage
