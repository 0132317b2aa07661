"""What one hash of a password costs: ASVS 5.0, appendix C."""

from infrastructure.identity.passwords import PRODUCTION_COST, Argon2PasswordHasher


async def test_passwords_are_hashed_at_the_cost_that_is_recommended_at_least() -> None:
    hasher = Argon2PasswordHasher(cost=PRODUCTION_COST, threads=1)
    try:
        stored = await hasher.hash("correct horse battery")
    finally:
        hasher.close()
    _, kind, version, cost, salt, digest = stored.split("$")
    parameters = {name: int(each) for name, each in (part.split("=") for part in cost.split(","))}
    assert (kind, version) == ("argon2id", "v=19")
    assert parameters["m"] >= 46 * 1024
    assert parameters["t"] >= 1
    assert parameters["p"] == 1
    assert len(salt) * 6 // 8 >= 16
    assert len(digest) * 6 // 8 >= 32
