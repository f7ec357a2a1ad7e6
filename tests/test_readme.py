"""What README.md shows is what its programs print."""

import importlib.util
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[1]


def load_tool():
    spec = importlib.util.spec_from_file_location("readme_tool", ROOT / "tools" / "readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_block_prints_what_is_shown():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert load_tool().with_outputs(text) == text


def test_every_block_of_python_is_run():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python$", text, re.MULTILINE)
    assert len(blocks) == len(load_tool().PAIR.findall(text)) >= 4


def test_every_link_leads_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert links
    assert not missing
