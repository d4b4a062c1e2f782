"""Named data to splits that are ready for a model: columns and labels, images, masks, texts and tables.

Each name is imported when it is first used, so that a file of numbers never waits for what trains models.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.data.augmentation import Augmentation
    from abstain.data.columns import find_column, head_classes, with_classes, with_head_classes
    from abstain.data.decoding import skip_bad_images
    from abstain.data.image_files import ImageFiles
    from abstain.data.image_tensors import ImageTensors, decode_images
    from abstain.data.images import ImagePlan, prepare_images
    from abstain.data.masks import SegmentationImages
    from abstain.data.pixels import PixelChoice
    from abstain.data.splits import limit_samples, load_data, load_digits_dataset, with_test, with_validation
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
    "SegmentationImages",
    "TableEncoder",
    "TensorRows",
    "decode_images",
    "encode_texts",
    "find_column",
    "head_classes",
    "limit_samples",
    "load_data",
    "load_digits_dataset",
    "prepare_images",
    "read_word_vectors",
    "skip_bad_images",
    "vocabulary",
    "with_classes",
    "with_head_classes",
    "with_test",
    "with_validation",
    "word_tokenizer",
]

__getattr__ = lazy_names(
    __name__,
    {
        "augmentation": ["Augmentation"],
        "columns": ["find_column", "head_classes", "with_classes", "with_head_classes"],
        "decoding": ["skip_bad_images"],
        "image_files": ["ImageFiles"],
        "image_tensors": ["ImageTensors", "decode_images"],
        "images": ["ImagePlan", "prepare_images"],
        "masks": ["SegmentationImages"],
        "pixels": ["PixelChoice"],
        "splits": ["limit_samples", "load_data", "load_digits_dataset", "with_test", "with_validation"],
        "tables": ["TableEncoder"],
        "tensor_rows": ["TensorRows"],
        "texts": ["EncodedTexts", "encode_texts", "read_word_vectors", "vocabulary", "word_tokenizer"],
    },
)
