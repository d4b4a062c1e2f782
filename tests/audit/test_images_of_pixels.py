import numpy as np
import pytest
from scipy.special import expit

from abstain import InputError, aurc, aurc_difference, read_predictions
from abstain.audit import audit_predictions, whole_images
from abstain.audit.images_of_pixels import images_of_report, in_words, table


def made(n_images, seed=0, size=30):
    rng = np.random.default_rng(seed)
    hard = rng.random(n_images)
    image = np.repeat(np.arange(n_images), size)
    error = (rng.random(n_images * size) < hard[image]).astype(float)
    confidence = 1 - hard[image] + rng.normal(size=len(image))
    order = rng.permutation(len(image))
    return confidence[order], error[order], image[order]


def test_an_image_is_the_mean_and_the_quantiles_of_its_pixels():
    images = whole_images(
        {"MSP": [5, 1, 3, 2, 9, 4], "other": [0, 0, 0, 0, 0, 1]},
        [0, 1, 1, 0, 0, 0],
        ["b", "a", "a", "a", "b", "a"],
        quantiles=[0.25, 0.5, 1],
    )
    assert images.error.tolist() == [0.5, 0]
    told = {(one.pixels, one.summary): one.confidence.tolist() for one in images.found}
    assert told["MSP", "mean"] == [2.5, 7] and told["other", "mean"] == [0.25, 0]
    assert told["MSP", "quantile 25 %"] == [1, 5] and told["MSP", "quantile 50 %"] == [2, 5]
    assert told["MSP", "quantile 100 %"] == [4, 9]
    assert (images.found[0].aurc, images.found[0].risk_at_half) == (0.125, 0)
    assert images.found[0].interval is None, "of two images"


def test_areas_and_gains_are_those_of_images():
    confidence, error, image = made(60)
    images = whole_images({"MSP": confidence, "noise": np.random.default_rng(1).random(len(image))}, error, image)
    first, noise = images.found[0], next(one for one in images.found if one.pixels == "noise")
    assert images.error.tolist() == [error[image == one].mean() for one in range(60)]
    assert noise.aurc == pytest.approx(aurc(noise.confidence, images.error))
    assert noise.gain == aurc_difference(first.confidence, images.error, noise.confidence, images.error)
    assert noise.gain.high < 0 and noise.adjusted_p < 0.01 and first.gain is None
    assert first.interval[0] < first.aurc < first.interval[1]


def test_a_quantile_does_not_see_the_scale():
    confidence, error, image = made(30)
    a, b = (whole_images({"MSP": one}, error, image, quantiles=[0.1]) for one in (confidence, expit(confidence)))
    assert a.found[1].aurc == b.found[1].aurc and a.found[1].gain != b.found[1].gain


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"confidences": {}}, "must be a mapping"),
        ({"confidences": [[1.0, 2.0]]}, "must be a mapping"),
        ({"quantiles": [0]}, "quantile"),
        ({"sample": [1, 1]}, "all samples are in one cluster"),
    ],
)
def test_what_cannot_be_measured_is_refused(told, message):
    with pytest.raises(InputError, match=message):
        whole_images(**{"confidences": {"MSP": [1, 2]}, "error": [0, 1], "sample": [1, 2], **told})


def test_the_audit_has_them_where_rows_share_enough_images():
    def audited(n_images):
        confidence, error, image = made(n_images)
        return audit_predictions(read_predictions({"confidence": confidence, "error": error, "sample": image}))

    found, few = audited(40), audited(19)
    assert few.images is None and few.to_dict()["images"] is None
    assert found.to_dict()["images"]["n_images"] == 40
    assert [one.aurc for one in images_of_report(found.report).found] == [one.aurc for one in found.images.found]
    text = " ".join(in_words(found.images, 0.95))
    assert "The pixels are those of 40 images" in text and "Holm" in text
    assert len(table(found.images).splitlines()) == 2 + len(found.images.found)
