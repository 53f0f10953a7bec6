"""The few tail areas and quantiles the statistics need; scipy is loaded when the first is asked for."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist


def chi_square_tail(value: float, df: int) -> float:
    """P(chi-square with `df` degrees of freedom >= value)."""
    from scipy import special  # noqa: PLC0415  a web process that shows no statistics should not wait for scipy

    return float(special.chdtrc(df, value))


def t_quantile(p: float, df: int) -> float:
    """The p quantile of Student's t with `df` degrees of freedom."""
    from scipy import special  # noqa: PLC0415  see above

    return float(special.stdtrit(df, p))


def normal_quantile(p: float) -> float:
    """The p quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(p)


def normal_p(z: float, alternative: str) -> float:
    """P value of a standard normal z for `two-sided`, `greater` or `less`."""
    if alternative == "greater":
        return 0.5 * math.erfc(z / math.sqrt(2))
    if alternative == "less":
        return 0.5 * math.erfc(-z / math.sqrt(2))
    return math.erfc(abs(z) / math.sqrt(2))


def fair_tail(n: int, k: int) -> Fraction:
    """P(Bin(n, 1/2) >= k), exactly."""
    return Fraction(sum(math.comb(n, i) for i in range(max(k, 0), n + 1)), 2**n)


def wilson(successes: float, trials: float, conf: float) -> tuple[float, float]:
    """Wilson's score interval of a share, both ends within 0 to 1; `trials` above 0."""
    z = normal_quantile(0.5 + conf / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def check_conf(conf: float) -> None:
    """Raises ValueError unless `conf` is a confidence level strictly between 0 and 1."""
    if not 0 < conf < 1:
        raise ValueError("a confidence level lies between 0 and 1")


def alternative_name(name: str) -> str:
    """`two-sided`, `greater` or `less`, also from R's `two.sided`; raises ValueError for anything else."""
    plain = name.replace(".", "-").replace("_", "-").lower()
    if plain not in {"two-sided", "greater", "less"}:
        raise ValueError(f"unknown alternative {name}")
    return plain
