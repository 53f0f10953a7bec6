"""`concordat score` on 1,000 experts by 60 items by 4 dimensions by 2 rounds, beside plain loops.

``python bench/score.py [EXPERTS]`` prints the command's seconds and most memory; then, for one of its eight tables, the
seconds that the intervals of agreement take, and those of plain loops that leave one expert out at a time (measured on
a few experts and multiplied). It leaves nothing behind.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.calc import agreement, score_tables  # noqa: E402
from app.calc.jackknife import intervals  # noqa: E402
from app.calc.ratings import Scale  # noqa: E402

ITEMS, DIMENSIONS, ROUNDS = 60, 4, 2
SCALE = Scale(1, 9)
LEFT_OUT = 5


def write(file: Path, experts: int) -> None:
    """Seeded ratings around a centre of each item, some missing, some "cannot judge"."""
    draw = random.Random(2015)
    centres = [draw.uniform(3, 8) for _ in range(ITEMS)]
    with file.open("w", encoding="utf-8") as out:
        print("round,expert,item,dimension,value", file=out)
        for round_ in range(1, ROUNDS + 1):
            for expert in range(experts):
                for item, centre in enumerate(centres):
                    for dimension in range(DIMENSIONS):
                        luck = draw.random()
                        score = str(min(9, max(1, round(draw.gauss(centre, 1.5)))))
                        value = "CJ" if luck < 0.02 else "" if luck < 0.04 else score
                        print(f"{round_},E{expert},I{item},D{dimension},{value}", file=out)


def plain(rows: list[list[int | None]]) -> None:
    """The eight agreement figures of one table, one after another."""
    categories = SCALE.categories
    units = agreement.transpose(rows)
    counts = agreement.count(units, categories)
    agreement.kendall_w([[None if not isinstance(cell, int) else cell for cell in unit] for unit in units])
    for level in ("nominal", "ordinal", "interval"):
        agreement.alpha(counts, categories, level)
    for kind in ("identity", "quadratic"):
        agreement.gwet(counts, agreement.agreement_weights(categories, kind))
    agreement.fleiss_kappa(counts)
    agreement.pair_agreement(counts)


def main() -> None:
    """Measure and print."""
    experts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratings.csv"
        write(file, experts)
        command = [sys.executable, "-m", "app", "score", str(file), "--scale", "1-9", "--rule", "ipras,70/15", "--json"]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"concordat score: {seconds:.2f} s, at most {most:.0f} MB, {len(done.stdout) / 1e6:.1f} MB of JSON")
        table = score_tables.read(file.read_text(encoding="utf-8"), SCALE)
    answers, names = table.answers["1", "D0"], table.items("1", "D0")
    rows = [[answers[name].get(expert) for name in names] for expert in sorted(table.asked["1", "D0"])]
    began = time.perf_counter()
    intervals(rows, SCALE.categories)
    quick = time.perf_counter() - began
    began = time.perf_counter()
    for expert in range(LEFT_OUT):
        plain(rows[:expert] + rows[expert + 1 :])
    slow = (time.perf_counter() - began) / LEFT_OUT * experts
    print(
        f"intervals of one round and dimension: {quick:.2f} s; by plain loops {slow:.0f} s ({slow / quick:.0f} times)"
    )


if __name__ == "__main__":
    main()
