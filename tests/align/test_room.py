import subprocess
import sys


def test_it_needs_neither_torch_nor_dvc_nor_hydra() -> None:
    code = (
        "import sys, backfill.align as a; list(a.METHODS);"
        "print([m for m in ('torch', 'dvc', 'hydra', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
