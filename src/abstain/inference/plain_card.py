"""The card of a model that comes without measurements: what it is, how to load it, and when it answers."""

from __future__ import annotations

from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from abstain.inference.abstention import AbstentionRule

TASKS = {
    "images": "image-classification",
    "texts": "text-classification",
    "pixels": "image-segmentation",
    "tables": "tabular-classification",
}
"""What is classified -> the Hub's name for the task."""
TEMPLATE = """\
---
{{ card_data }}
---

# {{ name }}

A classifier of {{ kind }} ({{ architecture }}) that answers or abstains.

```python
import abstain

classifier = abstain.SelectiveClassifier.from_pretrained("{{ repository }}")
for answer in classifier(samples):  # yours
    print(answer.label if answer.accepted else "abstains", answer.confidence)
```

{{ rule }}
"""


def plain_card(repository: str, kind: str, model: Any, rule: AbstentionRule | None) -> str:
    """The text of `README.md`.

    Args:
        repository: the name on the Hub, `user/model`.
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        model: of transformers.
        rule: when it answers; None where it always does.
    """
    registered = model.config.model_type if model.__class__.__module__.startswith("abstain.") else None
    data = ModelCardData(
        library_name="abstain" if registered else "transformers",
        pipeline_tag=TASKS[kind],
        tags=["selective-classification", "abstain"],
    )
    card = ModelCard.from_template(
        data,
        template_str=TEMPLATE,
        name=repository.rpartition("/")[2],
        repository=repository,
        kind=kind,
        architecture=type(model).__name__,
        rule="It has no rule, and answers always." if rule is None else rule.describe(),
    )
    return str(card).rstrip() + "\n"
