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
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

pytest.importorskip("gradio", reason="the page needs gradio: make test-browser installs it")
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
    address, _ = server
    context = browser.new_context(viewport={"width": 1280, "height": 900})
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


def upload(page, *paths):
    page.locator("#files input[type=file]").set_input_files(paths)


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
    upload(page, path)
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
    upload(page, tmp_path / "broken.parquet")
    said = see(page, "#problem", "cannot be read as Parquet")
    assert "Traceback" not in page.content() and str(server[1]) not in said
    playwright.expect(page.locator("#results")).to_be_hidden()

    np.savez(tmp_path / "lengths.npz", logits=np.eye(3), label=np.zeros(5, int))
    upload(page, tmp_path / "lengths.npz")
    see(page, "#problem", "there are 3 rows of logits and 5 labels: they must be equal")
    assert not [file for file in server[1].rglob("*.*") if file.suffix in (".parquet", ".npz")]

    choose(page, "#released", "with label smoothing (LS)")
    see(page, "#heading", "CIFAR-10, with label smoothing")
    playwright.expect(page.locator("#problem")).to_be_hidden()


def test_an_upload_above_the_limit_is_refused_with_the_limit(page, tmp_path):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(201 * 2**20)  # takes no room on the disk
    upload(page, tmp_path / "large.csv")
    refusal = page.get_by_text(re.compile("exceed the maximum allowed size of 200"))
    playwright.expect(refusal).to_be_visible(timeout=30_000)
