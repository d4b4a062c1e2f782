"""The page of the metric's Space as a person uses it, in headless Chromium: `make test-browser`."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from abstain import LogitNorm, evaluate_logits, read_logits, released_checkpoint, scores

SPACE = Path(__file__).parents[2] / "metrics" / "selective_risk"
SCREENSHOT = SPACE / "screenshot.png"
STARTS_WITHIN = 120
"""Seconds; torch and gradio are slow to import on a busy machine."""
DESK = {"viewport": {"width": 1280, "height": 900}}
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

pytest.importorskip("gradio", reason="the page needs gradio: pip install -e '.[app]'")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make test-browser installs it")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(address, folder of uploads) of the page, run as a Space runs it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uploads, log = tmp_path_factory.mktemp("uploads"), tmp_path_factory.mktemp("log") / "log.txt"
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(uploads)}
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=SPACE, env=environment, stdout=written, stderr=written
        )
    try:
        wait_for(address, process, log)
        yield address, uploads
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def wait_for(address, process, log):
    for _ in range(2 * STARTS_WITHIN):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the page did not start within {STARTS_WITHIN} s: {log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("needs Chromium: make test-browser installs it")
    with playwright.sync_playwright() as driver:
        sandboxed = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses to run as root with it
        chromium = driver.chromium.launch(executable_path=found, args=sandboxed)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    """The page as a new visitor sees it; whatever it asks of others is an error."""
    yield from visit(browser, server, DESK)


@pytest.fixture(params=[DESK, TELEPHONE], ids=["desk", "telephone"])
def page_of_any_width(browser, server, request):
    """The same on a wide and on a narrow screen."""
    yield from visit(browser, server, request.param)


def visit(browser, server, device):
    address, _ = server
    context = browser.new_context(**device)
    asked = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    playwright.expect(page.locator("#curve img")).to_be_visible(timeout=60_000)
    yield page
    context.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def smoothed():
    """Logits, labels and the fit of the released checkpoint with label smoothing."""
    folder = released_checkpoint("resnet20_cifar10_ls") / "logits"
    return *read_logits(folder, "test"), LogitNorm.fit(*read_logits(folder, "validation"))


def see(page, selector, text):
    playwright.expect(page.locator(selector)).to_contain_text(text, timeout=30_000)
    return page.locator(selector).inner_text()


def choose(page, selector, label):
    page.locator(selector).get_by_label(label, exact=True).check()


def slide(page, percent):
    page.locator("#percent input[type=range]").fill(str(percent))


def choose_files(page, field, *paths):
    """Choose files, and wait until they have arrived."""
    page.locator(f"{field} input[type=file]").set_input_files(paths)
    for path in paths:
        playwright.expect(page.locator(f"{field} td[aria-label='{path.name}']")).to_be_visible(timeout=30_000)


def measure(page, *paths, validation=()):
    """Have uploads measured, in place of those that are chosen already."""
    for field, chosen in (("#files", paths), ("#validation", validation)):
        clear = page.locator(field).get_by_label("Clear", exact=True)
        if clear.is_visible():
            clear.click()
        if chosen:
            choose_files(page, field, *chosen)
    page.locator("#measure").click()


def assert_true_of(words, confidence, error):
    """The words name a coverage, a risk and a threshold: they are what the threshold does to these samples."""
    coverage, risk = re.search(r"Coverage ([\d.]+)%, risk ([\d.]+)%", words).groups()
    accepted = confidence >= float(re.search(r"at least (-?\d[\d.e-]*\d|\d)", words)[1])
    assert f"{100 * accepted.mean():.2f}" == coverage and f"{100 * error[accepted].mean():.2f}" == risk
    assert f"{accepted.sum():,} of {len(error):,} samples" in words


def test_the_slider_shows_what_the_core_computes_at_its_threshold(page, smoothed):
    logits, labels, norm = smoothed
    error = scores.classification_error(logits, labels)
    choose(page, "#released", "without label smoothing (CE)")
    see(page, "#gain", "so MSP stays")
    choose(page, "#released", "with label smoothing (LS)")
    see(page, "#gain", "lowers the AURC")
    before = page.locator("#curve img").get_attribute("src")
    slide(page, 30.5)
    assert_true_of(see(page, "#point", "Coverage 30.50%"), scores.msp(logits), error)
    assert page.locator("#curve img").get_attribute("src") != before
    choose(page, "#score", f"p-norm, p = {norm.p:g}")
    assert_true_of(see(page, "#point", "normalised max logit"), norm.score(logits), error)
    if os.environ.get("ABSTAIN_WRITE_SCREENSHOT"):
        page.screenshot(path=SCREENSHOT, full_page=True)


def test_an_upload_is_measured_for_its_visitor_alone_and_not_kept(page, browser, server, smoothed, tmp_path):
    address, uploads = server
    logits, labels = smoothed[0][:2000], smoothed[1][:2000]
    header = ",".join([*(f"logit{k}" for k in range(10)), "label"])
    path = tmp_path / "mine.csv"
    np.savetxt(path, np.column_stack([logits, labels]), delimiter=",", header=header, comments="")
    measure(page, path)
    assert "1,000, drawn with seed 0" in see(page, "#heading", "mine.csv")

    order = np.random.default_rng(0).permutation(2000)
    fit, test = np.sort(order[:1000]), np.sort(order[1000:])
    report = evaluate_logits(logits[test], labels[test], validation=(logits[fit], labels[fit]))
    shown = [row.split("\t") for row in page.locator("#table table").inner_text().split("\n") if "\t" in row]
    expected = [row.strip("| ").split("|") for row in report.to_markdown().split("\n")]
    del expected[1]  # the line under the header
    assert [[cell.strip() for cell in row] for row in shown] == [[cell.strip() for cell in row] for row in expected]
    slide(page, 70)
    assert_true_of(see(page, "#point", "Coverage 70.00%"), report.msp.confidence, report.error)

    assert not [file for file in uploads.rglob("*.csv")]
    other = browser.new_page()
    other.goto(address)
    assert "mine.csv" not in see(other, "#heading", "CIFAR-10, with label smoothing")
    other.close()


def test_a_broken_file_is_said_in_a_sentence_and_the_page_goes_on(page, server, tmp_path):
    (tmp_path / "broken.parquet").write_text("this is no table")
    measure(page, tmp_path / "broken.parquet")
    said = see(page, "#problem", "cannot be read as .parquet")
    assert "Traceback" not in page.content() and str(server[1]) not in said
    playwright.expect(page.locator("#results")).to_be_hidden()

    np.savez(tmp_path / "lengths.npz", logits=np.eye(3), label=np.zeros(5, int))
    measure(page, tmp_path / "lengths.npz")
    see(page, "#problem", "shape (3, 3) and labels (5,)")

    choose(page, "#released", "with label smoothing (LS)")
    see(page, "#heading", "CIFAR-10, with label smoothing")
    playwright.expect(page.locator("#problem")).to_be_hidden()


def test_a_second_file_beside_a_refused_one_is_told_that_it_is_the_second(page, tmp_path):
    (tmp_path / "notes.csv").write_text("x,y\n1,2\n")
    (tmp_path / "good.csv").write_text("logit_0,logit_1,label\n" + "1,2,0\n2,1,0\n1,3,1\n" * 9)
    measure(page, tmp_path / "notes.csv")
    see(page, "#problem", "Clear the field (×) before you give another file in its place")
    choose_files(page, "#files", tmp_path / "good.csv")
    page.locator("#measure").click()
    said = see(page, "#problem", "the upload is notes.csv and good.csv, but must be one")
    assert "Clear the field" in said
    measure(page, tmp_path / "good.csv")
    see(page, "#heading", "good.csv")


def test_an_upload_above_the_limit_is_refused_with_the_limit(page, tmp_path):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(201 * 2**20)  # takes no room on the disk
    page.locator("#files input[type=file]").set_input_files(tmp_path / "large.csv")
    refusal = page.get_by_text(re.compile("exceed the maximum allowed size of 200"))
    playwright.expect(refusal).to_be_visible(timeout=30_000)


def test_validation_samples_of_their_own_leave_all_of_the_test_file_to_be_measured(page, server, smoothed, tmp_path):
    logits, labels, _ = smoothed
    arrays = {"z": logits[:900], "y": labels[:900], "other_z": logits[900:2000], "other_y": labels[900:2000]}
    paths = {name: tmp_path / f"{name}.npy" for name in arrays}
    for name, array in arrays.items():
        np.save(paths[name], array)
    measure(page, paths["z"], paths["y"], validation=(paths["other_y"], paths["other_z"]))
    see(page, "#heading", "Everything is measured on all 900 samples")
    report = evaluate_logits(arrays["z"], arrays["y"], validation=(arrays["other_z"], arrays["other_y"]))
    assert f"{report.repaired.metrics['aurc']:.3%}".rstrip("%") in page.locator("#table").inner_text()
    assert not list(server[1].rglob("*.npy"))

    measure(page, paths["z"], paths["y"], validation=(paths["z"], paths["y"]))
    see(
        page, "#problem", "holds the test samples too: give other samples, or leave the field of validation files empty"
    )


def test_what_a_file_does_not_tell_can_be_told_once_it_was_refused(page, tmp_path):
    generator = np.random.default_rng(0)
    probability = generator.uniform(size=100).round(3)
    label = generator.uniform(size=100) < probability
    table = np.column_stack([label, probability])
    np.savetxt(tmp_path / "one.csv", table, delimiter=",", header="label,score", comments="", fmt="%g")
    measure(page, tmp_path / "one.csv")
    see(page, "#problem", "may be the probability of class 1, or a logit")
    page.locator("#input input").click()
    page.get_by_role("option", name="probabilities", exact=True).click()
    page.locator("#measure").click()
    assert "one probability: score; labels: label" in see(page, "#heading", "one.csv")
    slide(page, 40)
    threshold = float(re.search(r"at least ([\d.]+\d)", see(page, "#point", "Coverage 40.00%"))[1])
    order = np.random.default_rng(0).permutation(100)[50:]
    measured = np.maximum(probability, 1 - probability)[order]
    assert (measured >= threshold).sum() == 20


def assert_fits(page):
    """Nothing makes the page itself scroll sideways; the table is whole, or scrolls in itself up to its last column."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width == page.evaluate("window.innerWidth")
    if page.locator("#table").is_visible():
        area, last = page.locator("#table .prose").first, page.locator("#table th").last
        area.evaluate("area => area.scrollLeft = 0")
        whole = page.locator("#table table").bounding_box()["width"] < width
        if not whole:
            assert last.bounding_box()["x"] > width, "or there is nothing to scroll to"
            area.evaluate("area => area.scrollLeft = area.scrollWidth")
            first = page.locator("#table tbody td").first.bounding_box()
            assert 0 <= first["x"] < 20, "the names of the scores stay where they are"
        assert_inside(last, width)
        assert page.evaluate("document.documentElement.scrollLeft") == 0
        return whole


def assert_inside(place, width):
    box = place.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width


def test_the_page_fits_a_wide_and_a_narrow_screen(page_of_any_width, tmp_path):
    page = page_of_any_width
    width = page.viewport_size["width"]
    for name in ("without label smoothing (CE)", "with label smoothing (LS)"):
        choose(page, "#released", name)
        see(page, "#heading", f"CIFAR-10, {name}")
        assert assert_fits(page) == (width == 1280)
    for place in "#score #percent #curve #released #files #validation #measure".split():
        assert_inside(page.locator(place), width)
    choose(page, "#score", "p-norm, p = 2")
    slide(page, 12.5)
    see(page, "#point", "Coverage 12.50%")

    odds = np.exp(np.random.default_rng(0).normal(size=(60, 3)))
    columns = {"probabilities": odds / odds.sum(axis=1, keepdims=True), "label": np.arange(60) % 3}
    np.savez(tmp_path / f"{'a_very_long_name' * 8}.npz", **columns)
    measure(page, tmp_path / f"{'a_very_long_name' * 8}.npz")
    see(page, "#point", "the largest probability is at least")
    assert_fits(page)
    (tmp_path / "names.csv").write_text(
        ",".join(f"a_column_with_a_long_name_{k}x" for k in range(99)) + "\n" + ",".join("1" * 99)
    )
    measure(page, tmp_path / "names.csv")
    see(page, "#problem", "name them in the order of the classes")
    assert_inside(page.locator("#problem"), width)
    assert_fits(page)
