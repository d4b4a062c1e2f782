import numpy as np
import pandas as pd


def test_the_data_sets_have_their_classes_and_no_image_twice(program, tmp_path):
    other_classes = program("other_classes")
    found = dict(other_classes.data_sets())
    assert {name: len(np.unique(found[name]["train"][1])) for name in other_classes.SEEDS} == {
        "digits3": 3,
        "digits5": 5,
        "digits30": 30,
        "pairs100": 100,
    }
    for splits in found.values():
        halves = [
            {row.tobytes() for part in np.split(rows, rows.shape[1] // 64, axis=1) for row in part}
            for rows, _ in splits.values()
        ]
        assert not (halves[0] & halves[1] or halves[0] & halves[2] or halves[1] & halves[2])
    other_classes.write_splits(tmp_path, {"test": found["digits3"]["test"]})
    table = pd.read_csv(tmp_path / "test.csv")
    assert table.shape == (len(found["digits3"]["test"][1]), 65) and set(table["label"]) == {"c003", "c008", "c009"}
