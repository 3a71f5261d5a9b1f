"""What tokens cost at most, for a budget that must hold even where no answer says what it costs.

List prices in US dollars for a million tokens, the dearest variant of each family and no rebate for caches,
so that a budget is reached too early rather than too late. A model that is not known costs the most.
Source: the vendors' public price lists.
"""

from typing import Final

_DEAREST: Final = (30.0, 180.0)

_PRICES: Final = (
    ("claude-haiku", (1.0, 5.0)),
    ("claude-sonnet", (6.0, 22.5)),
    ("claude-opus", (15.0, 75.0)),
    ("gpt-5-nano", (0.05, 0.4)),
    ("gpt-5-mini", (0.25, 2.0)),
    ("gemini-2.5-flash", (0.3, 2.5)),
    ("gemini-2.5-pro", (2.5, 15.0)),
)


def cost_at_most(model: str, input_tokens: int, output_tokens: int) -> float:
    """Returns an upper bound in US dollars."""
    name = model.rpartition("/")[2]
    into, out = next((price for family, price in _PRICES if name.startswith(family)), _DEAREST)
    return (input_tokens * into + output_tokens * out) / 1e6
