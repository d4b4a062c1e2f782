"""Which extension of a file's name says what is in it, in the words of Magika, and which do not and why."""

from __future__ import annotations

from pathlib import PurePath

EXTENSIONS = {
    ".bat": "batch",
    ".bmp": "bmp",
    ".bz2": "bzip",
    ".c": "c",
    ".cc": "cpp",
    ".cmake": "cmake",
    ".cpp": "cpp",
    ".css": "css",
    ".csv": "csv",
    ".exe": "pebin",
    ".f90": "fortran",
    ".gif": "gif",
    ".gz": "gzip",
    ".html": "html",
    ".ico": "ico",
    ".ini": "ini",
    ".ipynb": "ipynb",
    ".jpg": "jpeg",
    ".js": "javascript",
    ".lua": "lua",
    ".mjs": "javascript",
    ".mp3": "mp3",
    ".mp4": "mp4",
    ".npy": "npy",
    ".onnx": "onnx",
    ".parquet": "parquet",
    ".pdf": "pdf",
    ".pkl": "pickle",
    ".png": "png",
    ".proto": "proto",
    ".ps1": "powershell",
    ".py": "python",
    ".pyi": "python",
    ".sh": "shell",
    ".svg": "svg",
    ".tar": "tar",
    ".toml": "toml",
    ".ttf": "ttf",
    ".wasm": "wasm",
    ".wav": "wav",
    ".webp": "webp",
    ".woff": "woff",
    ".woff2": "woff2",
    ".xml": "xml",
    ".xz": "xz",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".zip": "zip",
}
"""Extension -> the class that Magika's own table of extensions gives it, and no other class."""
LEFT_OUT = {
    ".h": "C, C++ or Objective-C",
    ".m": "MATLAB or Objective-C",
    ".pl": "Perl or Prolog",
    ".plist": "a property list as text or as bytes",
    ".pdb": "symbols of a program, or a protein",
    ".stl": "a solid as text or as bytes",
    ".txt": "any text: licences, tables, lists of requirements",
    ".md": "Markdown, but a text without any markup is one too",
    ".rst": "reStructuredText, but a text without any markup is one too",
    ".json": "JSON, but in one line it is a line of JSON Lines too",
    ".pem": "a key or a certificate, for which there is another class",
    ".jinja": "a template of Jinja, but most of it is in the language that it fills in",
    ".j2": "the same",
    ".ts": "TypeScript, or translations of Qt",
    ".npz": "arrays in a ZIP, for which there is another class",
    ".o": "ELF, Mach-O or COFF, as the system has it",
    ".so": "the same",
    ".obj": "COFF, or a solid",
    ".pth": "weights of PyTorch, or paths of Python",
    ".pt": "weights of PyTorch in a ZIP or in a pickle",
    ".pyc": "made of every .py when it is installed",
}
"""Extension -> what else it may be, or why it would not be asked fairly."""
FOLDERS_LEFT_OUT = {
    "test": "tests hold files that are broken or misnamed on purpose",
    "tests": "the same",
    "testing": "the same",
    "idle_test": "the same",
    "test_data": "the same",
    "testdata": "the same",
    "__pycache__": "made when Python runs",
}
"""Name of a folder -> why nothing below it is taken."""


def label_of(name: str) -> str | None:
    """What the name of a file says is in it; None where it says nothing for sure."""
    return EXTENSIONS.get(PurePath(name).suffix.lower())
