"""Wrong command lines: what is typed, in a folder of `write_sources`, the exit status, and a piece of the sentence."""

import numpy as np

from wrong_inputs.of_files import LABEL, LOGITS, PROBABILITIES, N, parquet, text, wide

SOURCES = {
    "good.csv": text(wide(), ","),
    "other.csv": text({name: column[::-1] for name, column in wide().items()}, ","),
    "two.csv": text({"label": [0, 1] * 6, "logit_0": [1.5] * N, "logit_1": [0.25] * N}, ","),
    "probabilities.csv": text({"label": LABEL} | {f"prob_{k}": PROBABILITIES[:, k].tolist() for k in range(3)}, ","),
    "confidence.csv": text({"correct": [1, 0] * 6, "confidence": list(range(N))}, ","),
    "column.csv": text({"label": [0, 1] * 6, "p": [0.25, 0.75] * 6}, ","),
    "unlabelled.csv": text({f"logit_{k}": [row[k] for row in LOGITS] for k in range(3)}, ","),
    "infinite.csv": text(wide() | {"logit_1": [float("inf"), *[1.0] * 11]}, ","),
    "empty.csv": b"",
    "notes.txt": b"hello",
    "splits/a.csv": text(wide(), ","),
    "splits/b.csv": text(wide(), ","),
    "shards/t-00000-of-00002.parquet": parquet(wide()),
    "void/readme.md": b"",
    "taken/results.json": b"{}",
    "pixels.parquet": parquet(wide() | {"sample": [0] * 6 + [1] * 6}),
}


def write_sources(folder):
    for name, content in SOURCES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    np.savez(folder / "tokens.npz", logits=np.arange(12.0).reshape(3, 2, 2), labels=np.ones((3, 2), int))
    np.save(folder / "labels.npy", LABEL)
    np.save(folder / "short.npy", LABEL[:4])


EVALUATE = ["--output-dir", "new"]
THRESHOLD = ["--target-risk", "0.4"]
COMMANDS = []
"""(what is typed, exit status, a piece of the sentence)"""


def typed(said, status, *more, source="good.csv"):
    """A mistake that both commands share."""
    COMMANDS.append((["evaluate", source, *EVALUATE, *more], status, said))
    COMMANDS.append((["threshold", source, *THRESHOLD, *more], status, said))


for source, status, said in (
    ("nowhere.csv", 2, "there is no file or folder 'nowhere.csv'"),
    (
        "nowhere",
        2,
        "there is no file or folder 'nowhere': give a path that exists, or a data set on the Hub",
    ),
    ("no/where", 2, "'no/where' is neither a file or folder here nor to be had from the Hub"),
    ("hf://datasets/no/where", 2, "nor to be had from the Hub"),
    ("hf://models/no/where", 2, "'hf://models/no/where' names no data set on the Hub: write user/name, or hf://"),
    ("notes.txt", 2, "unknown kind of file '.txt'"),
    ("", 2, "the source is '', but must be the path"),
    ("void", 1, "holds no file of predictions"),
    ("splits", 1, "holds the splits a, b: name one with --split"),
    ("shards", 1, "holds 1 of 2 shards and lacks shard 1"),
    ("empty.csv", 1, "is empty, of 0 bytes"),
    ("ragged.csv", 1, "row 1 (counted from 0) has 4 cells, but there are 3 columns: mend '1,2,0,7', or quote"),
    ("infinite.csv", 1, "NaN or infinite values"),
    ("unlabelled.csv", 1, "(--label-column), or give them apart with --labels"),
    ("column.csv", 1, "say which with --input probabilities or --input logits"),
    ("tokens.npz", 1, "give --class-axis 1 or --class-axis 2"),
):
    typed(said, status, source=source)
for status, said, *more in (
    (2, "unknown input 'nope'", "--input", "nope"),
    (2, "unknown input 'logit': did you mean 'logits'?", "--input", "logit"),
    (1, "which --input probabilities rules out", "--input", "probabilities"),
    (1, "no confidence with what tells the errors", "--input", "confidence"),
    (2, "has no column 'lable' (--label-column): did you mean 'label'?", "--label-column", "lable"),
    (2, "has no column 'x' (--logit-columns)", "--logit-columns", "x"),
    (2, "has no column 'x' (--logit-columns)", "--logit-columns", "logit_0,x"),
    (2, "a column is named twice in --logit-columns", "--logit-columns", "logit_0,logit_0,logit_1"),
    (2, "--class-axis is 7, but must be an integer from -2 to 1", "--class-axis", "7"),
    (2, "--class-axis is 0, but without that axis", "--class-axis", "0"),
    (2, "nvalid value for '--class-axis'", "--class-axis", "last"),
    (2, "nvalid value for '--ignore-index'", "--ignore-index", "0.5"),
    (2, "'good.csv' is one file, but a split is named: leave out --split", "--split", "test"),
    (2, "a revision is given, but 'good.csv' is a path", "--revision", "main"),
    (2, "labels are given apart, but 'good.csv' holds its own", "--labels", "labels.npy"),
    (2, "No such option", "--colour", "red"),
    (2, "requires an argument", "--input"),
    (2, "unexpected extra argument", "more.csv"),
    (2, "--seed is given, but nothing is drawn: give --validation-fraction 0.5, or leave", "--seed", "3"),
    (2, "the output folder is '', but must be that of a file or folder", "--output-dir", ""),
):
    typed(said, status, *more)
typed("has no split 'c'", 2, "--split", "c", source="splits")
typed("values have shape (12, 3) and labels (4,)", 1, "--labels", "short.npy", source="unlabelled.csv")
typed("there is no file or folder 'nowhere.npy'", 2, "--labels", "nowhere.npy", source="unlabelled.csv")
typed("no labels", 1, "--labels", "unlabelled.csv", source="unlabelled.csv")
typed("is ignored", 1, "--ignore-index", "0", "--label-column", "zero", source="ignored.csv")
SOURCES["ragged.csv"] = b"logit_0,logit_1,label\n1,2,0\n1,2,0,7\n"
SOURCES["ignored.csv"] = text(wide() | {"zero": [0] * N}, ",")

for status, said, *more in (
    (2, "--level is 1, but must be a fraction in (0, 1)", "--level", "1"),
    (2, "--level is nan", "--level", "nan"),
    (2, "nvalid value for '--level'", "--level", "high"),
    (2, "--target-risk is 5, but must be a fraction", "--target-risk", "5"),
    (2, "--target-risk is -0.1", "--target-risk", "-0.1"),
    (2, "--target-risk is nan", "--target-risk", "nan"),
    (2, "nvalid value for '--target-risk'", "--target-risk", "5%"),
    (
        2,
        "the validation samples are the test samples: give others, or --validation-fraction 0.5",
        "--validation",
        "good.csv",
    ),
    (2, "there is no file or folder 'nowhere.csv'", "--validation", "nowhere.csv"),
    (1, "is empty, of 0 bytes", "--validation", "empty.csv"),
    (1, "NaN or infinite", "--validation", "infinite.csv"),
    (1, "validation samples are probabilities and the test samples logits", "--validation", "probabilities.csv"),
    (1, "the test logits have K = 3 and the validation logits K = 2", "--validation", "two.csv"),
    (2, "--validation-labels are given without --validation", "--validation-labels", "labels.npy"),
    (2, "both --validation-fraction and other", "--validation", "other.csv", "--validation-fraction", "0.5"),
    (2, "--validation-fraction is 0, but must be a fraction in (0, 1)", "--validation-fraction", "0"),
    (2, "--validation-fraction is 1, but", "--validation-fraction", "1"),
    (2, "--validation-fraction is 0.001 of 12 samples", "--validation-fraction", "0.001"),
    (2, "--seed is -1", "--validation-fraction", "0.5", "--seed", "-1"),
    (2, "nvalid value for '--seed'", "--seed", "x"),
    (2, "'good.csv' is one file, but a split is named: leave out --validation-split", "--validation-split", "b"),
    (
        2,
        "already holds results (results.json): give another folder, or --overwrite",
        "--output-dir",
        "taken",
    ),
    (2, "the output folder 'good.csv' is a file", "--output-dir", "good.csv"),
    (2, "cannot be made: ", "--output-dir", "good.csv/below"),
    (2, "the output folder is ", "--output-dir", "x" * 300),
):
    COMMANDS.append((["evaluate", "good.csv", *EVALUATE, *more], status, said))
COMMANDS += [
    (["evaluate", "confidence.csv", *EVALUATE, "--validation-fraction", "0.5"], 2, "leaves nothing to fit"),
    (
        ["evaluate", "splits", *EVALUATE, "--split", "a", "--validation-split", "a"],
        2,
        "the validation samples are the test",
    ),
    (["evaluate", "splits", *EVALUATE, "--split", "a", "--validation-split", "c"], 2, "has no split 'c'"),
    (["evaluate", *EVALUATE], 2, "Missing argument"),
    (["evalute", "good.csv"], 2, "No such command 'evalute'"),
    (["threshold", "good.csv"], 2, "nothing says what the threshold is for"),
]
for status, said, *more in (
    (2, "--target-risk is 0, but must be a fraction in (0, 1)", "--target-risk", "0"),
    (2, "--target-risk is 1", "--target-risk", "1"),
    (2, "--target-risk is nan", "--target-risk", "nan"),
    (2, "--target-risk is inf", "--target-risk", "inf"),
    (2, "nvalid value for '--target-risk'", "--target-risk", "low"),
    (2, "--delta is 0, but must be a fraction in (0, 1)", "--delta", "0"),
    (2, "--delta is 2", "--delta", "2"),
    (2, "--delta is nan", "--delta", "nan"),
    (2, "unknown score 'mps': did you mean 'msp'?", "--score", "mps"),
    (2, "which is fitted on samples of their own: give --p", "--score", "max_logit_pnorm"),
    (2, "but --p and --no-center are of max_logit_pnorm: leave them out", "--p", "2"),
    (2, "--p is 0.5, but must be a finite number", "--score", "max_logit_pnorm", "--p", "0.5"),
    (2, "--p is nan", "--score", "max_logit_pnorm", "--p", "nan"),
    (1, "no threshold on 10 samples is sure", "--delta", "0.05", "--target-risk", "0.01"),
):
    COMMANDS.append((["threshold", "good.csv", *THRESHOLD, *more], status, said))
for status, said, source, *more in (
    (2, "probabilities have lost it", "probabilities.csv", "--score", "energy"),
    (2, "a confidence is given: leave out --score", "confidence.csv", "--score", "energy"),
    (2, "no guarantee holds: leave out --delta", "pixels.parquet", "--delta", "0.1"),
    (2, "two classes, of which a p-norm says nothing", "two.csv", "--score", "max_logit_pnorm", "--p", "2"),
    (
        2,
        "--no-center, the uncentred p-norm, reads the shift",
        "probabilities.csv",
        "--score",
        "max_logit_pnorm",
        "--p",
        "2",
        "--no-center",
    ),
):
    COMMANDS.append((["threshold", source, *THRESHOLD, *more], status, said))
for command, at_ends in ((["audit"], "(0, 1)"), (["threshold"], "(0, 1)"), (["evaluate"], "[0, 1]")):
    of_risk = [*command, "good.csv", "--target-risk"]
    COMMANDS.append(([*of_risk, "2"], 2, f"--target-risk is 2, but must be a fraction in {at_ends}"))
    if command != ["evaluate"]:  # which measures what can be answered without an error, too
        COMMANDS.append(([*of_risk, "0"], 2, f"--target-risk is 0, but must be a fraction in {at_ends}"))
        for delta in "012":
            said = f"--delta is {delta}, but must be a fraction in (0, 1)"
            COMMANDS.append(([*of_risk, "0.1", "--delta", delta], 2, said))
for command in ("audit", "evaluate"):
    for level in ("0", "2"):
        said = f"--level is {level}, but must be a fraction in (0, 1)"
        COMMANDS.append(([command, "good.csv", "--level", level], 2, said))
for command in (
    ["audit", "good.csv"],
    ["evaluate", "good.csv"],
    ["threshold", "good.csv", *THRESHOLD],
    ["figures", "good.csv"],
    ["publish", "void", "user/mine"],
    ["quickstart"],
):
    for folder, said in (("/proc/new", "cannot be made ("), ("good.csv/below", "cannot be made: ")):
        COMMANDS.append(([*command, "--output-dir", folder], 2, f"{folder}' {said}"))
COMMANDS += [
    (
        ["predict", "void", "notes.txt", "--output", "/proc/new/answers.csv"],
        2,
        "the folder '/proc/new' of --output cannot be made (",
    ),
    (["quickstart", "--output-dir", "taken"], 2, "already holds results (results.json)"),
    (["quickstart", "--output-dir", "good.csv"], 2, "is a file: give another path"),
    (["quickstart", "--output-dir", " "], 2, "the output folder is ' ', but must be that of a file or folder"),
    (["quickstart", "--epochs", "3"], 2, "No such option"),
    (["register", "--undo", "now"], 2, "unexpected extra argument"),
]
