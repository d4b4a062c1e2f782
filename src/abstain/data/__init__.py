"""Named data to splits that are ready for a model: columns and labels, images, masks, texts and tables.

`splits` reads a data set (Parquet, CSV, images, the Hub) and holds samples out; `digits` need no network;
`columns` finds inputs and labels; `fingerprint` tells which data a split holds.
Images: `decoding` reads one, `processors` says what a processor does, `preprocessing` makes the model's input of it,
`normalization` is the last step of that, `augmentation` what is random in training; `image_tensors` holds a split in
memory, `image_files` reads it one by one, `images` chooses. Pixels: `masks` are images with a class a pixel, `pixels`
the few of each that count. Else: `texts`, `tables`, `tensor_rows`; `items` are several at once. `mixing` makes one
sample of two, images or rows, and `mixed_samples` a split of such.

Each name is imported when it is first used, so that a file of numbers never waits for what trains models.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.data.augmentation import Augmentation
    from abstain.data.columns import check_filled, find_column, head_classes, with_classes, with_head_classes
    from abstain.data.decoding import skip_bad_images
    from abstain.data.digits import load_digits_dataset
    from abstain.data.image_files import ImageFiles
    from abstain.data.image_tensors import ImageTensors, decode_images
    from abstain.data.images import ImagePlan, prepare_images
    from abstain.data.masks import SegmentationImages
    from abstain.data.pixels import PixelChoice
    from abstain.data.preprocessing import Preprocessing
    from abstain.data.processors import mean_and_std
    from abstain.data.splits import (
        limit_samples,
        load_data,
        pick_split,
        with_test,
        with_validation,
        write_split,
    )
    from abstain.data.tables import TableEncoder
    from abstain.data.tensor_rows import TensorRows
    from abstain.data.texts import EncodedTexts, encode_texts, read_word_vectors, vocabulary, word_tokenizer

__all__ = [
    "Augmentation",
    "EncodedTexts",
    "ImageFiles",
    "ImagePlan",
    "ImageTensors",
    "PixelChoice",
    "Preprocessing",
    "SegmentationImages",
    "TableEncoder",
    "TensorRows",
    "check_filled",
    "decode_images",
    "encode_texts",
    "find_column",
    "head_classes",
    "limit_samples",
    "load_data",
    "load_digits_dataset",
    "mean_and_std",
    "pick_split",
    "prepare_images",
    "read_word_vectors",
    "skip_bad_images",
    "vocabulary",
    "with_classes",
    "with_head_classes",
    "with_test",
    "with_validation",
    "word_tokenizer",
    "write_split",
]

__getattr__ = lazy_names(
    __name__,
    {
        "augmentation": ["Augmentation"],
        "columns": ["check_filled", "find_column", "head_classes", "with_classes", "with_head_classes"],
        "decoding": ["skip_bad_images"],
        "digits": ["load_digits_dataset"],
        "image_files": ["ImageFiles"],
        "image_tensors": ["ImageTensors", "decode_images"],
        "images": ["ImagePlan", "prepare_images"],
        "masks": ["SegmentationImages"],
        "pixels": ["PixelChoice"],
        "preprocessing": ["Preprocessing"],
        "processors": ["mean_and_std"],
        "splits": [
            "limit_samples",
            "load_data",
            "pick_split",
            "with_test",
            "with_validation",
            "write_split",
        ],
        "tables": ["TableEncoder"],
        "tensor_rows": ["TensorRows"],
        "texts": ["EncodedTexts", "encode_texts", "read_word_vectors", "vocabulary", "word_tokenizer"],
    },
)
