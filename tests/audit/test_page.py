from abstain.audit.page import as_html, as_markdown
from abstain.audit.words import Section

PARTS = [
    ("", [Section("Both", ("A is better.",), figure="curves")]),
    ("a|b", [Section("In short", ("One.", "**Two.**"), ("| x |\n| -: |\n| 1 |",), figure="curves")]),
]


def test_sections_stand_below_the_model_that_they_are_of():
    assert as_markdown(PARTS) == (
        "## Both\n\nA is better.\n\n## a|b\n\n### In short\n\nOne.\n**Two.**\n\n| x |\n| -: |\n| 1 |"
    )
    pictures = {"curves": "figures/curves.png", "a|b/curves": "figures/a_b_curves.png"}
    text = as_markdown(PARTS, pictures)
    assert "![Both](figures/curves.png)" in text and "![In short](figures/a_b_curves.png)" in text


def test_the_page_is_one_file_that_fetches_nothing():
    text = as_markdown(PARTS, {"curves": "figures/curves.png"})
    page = as_html("a < b", f"{text}\n\n<script>alert(1)</script>", {"figures/curves.png": b"picture"})
    assert '<img src="data:image/png;base64,cGljdHVyZQ=="' in page and "figures/curves.png" not in page
    assert "<title>a &lt; b</title>" in page and "<script" not in page and "http" not in page
    assert '<div class="table"><table>' in page and "<strong>Two.</strong>" in page
    assert "prefers-color-scheme: dark" in page and "One.<br" in page


def test_the_name_of_a_class_cannot_fetch_a_picture():
    page = as_html("t", "![x](http://elsewhere/a.png) <b>", {})
    assert "<img" not in page and "http" not in page and "<p>x &lt;b&gt;</p>" in page
