import gzip

import numpy as np
import pandas as pd
import pytest

from abstain import InputError
from abstain.logits.csv_file import read_csv
from abstain.logits.files import read_file


@pytest.mark.parametrize("line", ["a;b", "a\tb", "a,b", "a|b", "a b", '"a,1";b', "a;b c,d"])
def test_the_separator_is_that_of_the_header(tmp_path, line):
    path = tmp_path / "data.csv"
    path.write_text(
        f"\ufeff{line}\n" + {";": "0,5;1", "\t": "2\t1"}.get(line[1], line.replace("a", "2").replace("b", "1"))
    )
    names = list(read_file(path).holds)
    assert len(names) == 2 and names[0] in ("a", "a,1")


def test_floats_are_read_to_the_last_bit(tmp_path):
    numbers = np.random.default_rng(0).random(500)
    (tmp_path / "data.csv").write_text("p\n" + "\n".join(map(repr, numbers.tolist())))
    assert np.array_equal(read_file(tmp_path / "data.csv").read(["p"])["p"], numbers)


def test_integers_that_become_fractions_a_megabyte_later_are_numbers(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n" + "1,22222222\n" * 200_000 + "0.5,3\n")
    assert read_file(tmp_path / "data.csv").read(["a"])["a"][[0, -1]].tolist() == [1, 0.5]


def test_text_in_utf_16_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("label,logit_0,logit_1\n0,1,2\n", encoding="utf-16")
    with pytest.raises(InputError, match="is text in UTF-16, but must be in UTF-8"):
        read_file(tmp_path / "a.csv")


TEXT = "label,logit_0,logit_1\n0,1,2\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            f"# from my model\n{TEXT}".encode(),
            "or take out line 1, '# from my model', if that is a title",
        ),
        (
            "a.csv",
            f"\n\nResults\n{TEXT}".encode(),
            "there are 1 columns: .* take out line 3, 'Results', if",
        ),
        (
            "a.csv",
            b'label,p,text\n1,0,x\n0,1,"abc\n1,2,x\n0,1,z\n',
            "quotation mark is opened in row 1 .* never closed",
        ),
        ("a.csv", f"{TEXT}1,2,3,4\n".encode(), r"there are 3 columns: mend '1,2,3,4', or quote .* separator$"),
        (
            "a.csv.gz",
            gzip.compress(b'p,text\n1,"abc\n2,x\n', mtime=0),
            "quotation mark is opened in row 0 .* never closed",
        ),
        ("a.csv", "label,Köln\n0,1\n".encode("latin-1"), "the header of .* as text in UTF-8: save it as UTF-8"),
        ("a.csv", "label,p\nKöln,1\n".encode("latin-1"), "the column 'label' of .* in UTF-8: save it as UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_with_its_cure(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_file(tmp_path / name)


def test_lines_in_quoted_text_are_no_rows_however_large_the_file_is(tmp_path):
    n = 3000
    texts = ["9\n1,2,3\n0,0.5,x\n" * 30 + str(k) for k in range(n)]
    frame = pd.DataFrame({"label": np.arange(n) % 2, "p": np.arange(n) / n, "text": texts})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert (tmp_path / "a.csv").stat().st_size > 2**20, "more than a block"
    read = read_file(tmp_path / "a.csv").read(["label", "p", "text"])
    assert read["label"].tolist() == frame["label"].tolist() and read["p"].tolist() == frame["p"].tolist()
    assert read["text"].tolist() == texts


def test_a_last_cell_of_several_lines_may_end_the_file(tmp_path):
    for name, write in (("a.csv", bytes), ("a.csv.gz", gzip.compress)):
        (tmp_path / name).write_bytes(write(b'p,text\n1,x\n2,"a 5"" pipe\nand more\n"\n\n'))
        assert read_file(tmp_path / name).read(["text"])["text"].tolist() == ["x", 'a 5" pipe\nand more\n']


def test_text_that_does_not_count_may_be_in_any_encoding(tmp_path):
    (tmp_path / "a.csv").write_bytes("label,p,city\n0,1,Köln\n".encode("latin-1"))
    assert read_file(tmp_path / "a.csv").read(["p"])["p"].tolist() == [1]


@pytest.mark.parametrize("row", ["7,8,9", "7"])
def test_a_row_of_another_length_is_told_by_its_number(tmp_path, row):
    path = tmp_path / "a.csv"
    path.write_text(f'a,label\n1,0\n\n"2\n",1\n{row}\n4,1\n')
    with pytest.raises(InputError, match=rf"row 2 \(counted from 0\) has {len(row.split(','))} cells.*mend '{row}'"):
        read_csv(path, "it")
    path.write_text("\n \n")
    with pytest.raises(InputError, match=r"^it is empty, but must hold a header and rows"):
        read_csv(path, "it")
