"""Compose's interpolation: each rule once, with what Compose makes of it."""

from __future__ import annotations

import pytest

from composegen.passes.interpolation import (
    InterpolationError,
    MissingVariableError,
    misread,
    references,
    substitute,
)

VARIABLES = {"SET": "value", "EMPTY": "", "DOLLAR": "${SET}", "_u1": "low"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$SET", "value"),
        ("${SET}", "value"),
        ("a${SET}b$SET.c", "avaluebvalue.c"),
        ("$SETx", ""),
        ("${_u1}$_u1", "lowlow"),
        ("$UNSET|${UNSET}", "|"),
        ("$DOLLAR", "${SET}"),
        ("$$SET", "$SET"),
        ("$$$SET", "$value"),
        ("$${SET}", "${SET}"),
        ("5$ $1 $(x) $é $", "5$ $1 $(x) $é $"),
        ("}{", "}{"),
        ("${SET}}", "value}"),
    ],
)
def test_plain_references_are_replaced_and_other_dollars_stay(text: str, expected: str) -> None:
    """A name is replaced, `$$` is a dollar, and a dollar before anything else is itself."""
    assert substitute(text, VARIABLES.get) == expected


@pytest.mark.parametrize(
    ("operator", "of_set", "of_empty", "of_unset"),
    [
        (":-", "value", "x", "x"),
        ("-", "value", "", "x"),
        (":+", "x", "", ""),
        ("+", "x", "x", ""),
    ],
)
def test_operators_choose_by_set_and_by_empty(
    operator: str, of_set: str, of_empty: str, of_unset: str
) -> None:
    """With a colon an empty variable counts as unset."""
    assert substitute(f"${{SET{operator}x}}", VARIABLES.get) == of_set
    assert substitute(f"${{EMPTY{operator}x}}", VARIABLES.get) == of_empty
    assert substitute(f"${{UNSET{operator}x}}", VARIABLES.get) == of_unset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${UNSET:-}", ""),
        ("${UNSET:-${SET}}", "value"),
        ("${UNSET:-$SET-${EMPTY:-${UNSET-deep}}}!", "value-deep!"),
        ("${UNSET:-a}${UNSET:-b} ${SET:-c}", "ab value"),
        ("${UNSET:-$${SET}}", "${SET}"),
        ("${UNSET:-a:-b?c}", "a:-b?c"),
        ("${UNSET-:-b}", ":-b"),
        ("${UNSET:-a b#'\"}", "a b#'\""),
        ("${SET:+${EMPTY:+no}${SET}}", "value"),
    ],
)
def test_defaults_nest(text: str, expected: str) -> None:
    """A default is itself interpolated, and reaches to the brace that closes it."""
    assert substitute(text, VARIABLES.get) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('${UNSET:-{"a":{"b":1}}}', '{"a":{"b":1}}'),
        ("${UNSET:-{}}", "{}"),
        ("${UNSET:-{}} and }", "{}} and "),
    ],
)
def test_braces_in_a_default_are_counted(text: str, expected: str) -> None:
    """JSON works as a default; `{}` does not count as closed, so the last brace closes."""
    assert substitute(text, VARIABLES.get) == expected


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("${", 0),
        ("a ${}", 2),
        ("${1A}", 0),
        ("${SET", 0),
        ("${SET }", 0),
        ("${ SET}", 0),
        ("${SET!}", 0),
        ("${SET=x}", 0),
        ("${SET:x}", 0),
        ("${SET.x}", 0),
        ("${é}", 0),
        ("$SET ${SET:-a\nb}", 5),
        ("${SET:-${}}", 7),
        ("${UNSET:-ab${1}}", 11),
        ("${UNSET:-{} and ${SET}", 16),
    ],
)
def test_malformed_references_are_refused_where_they_start(text: str, offset: int) -> None:
    """Also in a default that is not used, and for a default that spans lines."""
    with pytest.raises(InterpolationError) as caught:
        substitute(text, VARIABLES.get)
    assert caught.value.offset == offset
    with pytest.raises(InterpolationError):
        references(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a ${UNSET:?}", "required variable UNSET is missing a value"),
        ("a ${EMPTY:?say $SET}", "required variable EMPTY is missing a value: say value"),
        ("a ${UNSET?why}", "required variable UNSET is missing a value: why"),
    ],
)
def test_a_required_variable_must_have_a_value(text: str, message: str) -> None:
    """The message is interpolated and the error knows the variable and the place."""
    with pytest.raises(MissingVariableError) as caught:
        substitute(text, VARIABLES.get)
    assert (str(caught.value), caught.value.offset) == (message, 2)
    assert caught.value.name == text[4:9]


def test_a_required_variable_that_is_given_is_its_value() -> None:
    """Without a colon, empty is a value."""
    assert substitute("${SET:?x}${SET?x}${EMPTY?x}", VARIABLES.get) == "valuevalue"


def test_a_requirement_in_an_unused_default_counts() -> None:
    """Compose 2.40 refuses it, Compose 5 does not: what passes here passes everywhere."""
    with pytest.raises(MissingVariableError):
        substitute("${SET:-${UNSET:?}}", VARIABLES.get)


def test_references_are_listed_outermost_first_with_their_places() -> None:
    """Names, operators, defaults as written, and offsets in the whole text."""
    text = "$A $$B ${C:-x${D?no}}${E}"
    found = references(text)
    assert [(r.name, r.operator, r.default) for r in found] == [
        ("A", "", ""),
        ("C", ":-", "x${D?no}"),
        ("D", "?", "no"),
        ("E", "", ""),
    ]
    assert [text[r.start : r.end] for r in found] == ["$A", "${C:-x${D?no}}", "${D?no}", "${E}"]


def test_nesting_has_a_limit_instead_of_a_crash() -> None:
    """A hundred levels are read, a thousand are an error."""
    assert substitute("${A:-" * 100 + "x" + "}" * 100, VARIABLES.get) == "x"
    with pytest.raises(InterpolationError, match="nested more than 100 deep"):
        substitute("${A:-" * 1000 + "x" + "}" * 1000, VARIABLES.get)


def test_names_fold_case_as_compose_does() -> None:
    """LONG S and KELVIN SIGN count as letters, other ones outside ASCII do not."""
    assert [r.name for r in references("$\u017f\u212a$Aé")] == ["\u017f\u212a", "A"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("${A:-{}}", False, id="at the end"),
        pytest.param("${A:-{}}!", False, id="before a text without braces"),
        pytest.param("${A:-${B:-{}}}", False, id="nested"),
        pytest.param('{"a":${A:-{"x":1}},"b":${B:-2}}', False, id="JSON with a text"),
        pytest.param("${A:-{}", False, id="one brace alone"),
        pytest.param("{ $${A} } ${B:-1} {x}", False, id="braces outside"),
        pytest.param('{"a":${A:-{}},"b":${B:-{}}}', True, id="an empty object, and another"),
        pytest.param("x{${A:-{}}}", True, id="a brace behind"),
        pytest.param("${A:-{{.Name}}}", True, id="a template"),
        pytest.param("${A:-${B:-{}},${C:-{}}}", True, id="nested, side by side"),
        pytest.param("${A:-{} and ${B}", True, id="a brace without a partner"),
        pytest.param("${", False, id="no reference for anybody"),
    ],
)
def test_references_that_compose_ends_elsewhere_are_found(text: str, *, expected: bool) -> None:
    """Checked with `docker compose config`: each reads otherwise once A has a value."""
    assert misread(text) is expected
