"""Personal data: the platforms' own vectors, and that nothing lands in clear."""

from __future__ import annotations

import hashlib

import pytest

from desilo.sources.pii import hash_paths, hash_value, mask, normalise_phone

ALICE = "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"
PHONE = "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd"
USER = "80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("email", " ALICE_abc@gmail.com ", ALICE),
        ("email", "alice_ABC@Gmail.com", ALICE),
        ("email", "user_123", USER),
        ("phone", "+12133734253", PHONE),
        ("phone", "+1 (213) 373-4253", PHONE),
        ("phone", "001 213 373 4253", PHONE),
        ("phone", "12133734253", PHONE),
        ("phone", 12133734253, PHONE),
    ],
)
def test_vectors_of_the_platforms(kind: str, value: object, expected: str) -> None:
    assert hash_value(kind, value) == expected


def test_a_national_number_gets_the_country_it_is_told() -> None:
    assert normalise_phone("0171 234 56 78", "49") == "+491712345678"
    assert normalise_phone("+33 1 23 45 67 89", "49") == "+33123456789"
    assert normalise_phone("no number", "49") == ""


@pytest.mark.parametrize("value", [None, "", "   "])
@pytest.mark.parametrize("kind", ["email", "phone"])
def test_empty_stays_null(kind: str, value: object) -> None:
    assert hash_value(kind, value) is None


def test_a_hash_is_not_hashed_again() -> None:
    assert hash_value("email", ALICE) == ALICE
    assert hash_value("phone", ALICE.upper()) == ALICE


def test_an_id_is_hashed_only_where_it_is_an_address() -> None:
    assert hash_value("id", " Alice_ABC@gmail.com") == ALICE
    assert [hash_value("id", value) for value in ("u-17", "", None, 17)] == ["u-17", "", None, 17]


def test_what_does_not_normalise_still_does_not_land() -> None:
    assert hash_value("phone", "call me") == hashlib.sha256(b"call me").hexdigest()
    assert hash_value("email", ["a@b.co", None, ""]) == [
        hashlib.sha256(b"a@b.co").hexdigest(), None, None,
    ]  # fmt: skip
    assert len(hash_value("email", {"work": "a@b.co"})) == 64


def test_paths_are_hashed_in_place_and_the_rest_is_left() -> None:
    record = {"user_properties": {"email": "a@b.co", "plan": "pro"}, "email": "not declared"}
    paths = {"user_properties.email": "email", "user_properties.phone": "phone", "x.email": "email"}
    assert hash_paths(record, paths)
    assert record == {
        "user_properties": {"email": hashlib.sha256(b"a@b.co").hexdigest(), "plan": "pro"},
        "email": "not declared",
    }
    assert not hash_paths({"user_properties": None}, paths)


def test_unparsable_text_is_masked() -> None:
    masked = mask('17,anna.berg@example.org,"+49 171 2345678",EUR,12.50')
    assert masked == '17,[masked],"[masked]",EUR,12.50'
