import abstain
from abstain.data import load_data

classifier = abstain.SelectiveClassifier.from_pretrained(  # or the folder of a run, or a name on the Hub
    abstain.released_checkpoint("mlp_noisy_digits_a0.4_s0")
)
print(classifier.rule.describe())
rows = load_data("noisy_digits_rows")["test"].select(range(6))  # yours; other models take images, paths, URLs, texts
for answer, label in zip(classifier(rows), rows["label"]):
    print(f"a {label}:", answer.label if answer.accepted else "abstains", f"({answer.confidence:.3f})")
