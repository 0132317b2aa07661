"""The health pages of the web, alone in its process and with all other roles."""

import httpx

from interfaces.roles import ALL_ROLES
from tests.support import running_system
from tests.support.running_system import System

pytestmark = running_system.EACH_FORM


async def test_the_health_page_names_the_roles_of_the_process(
    system: System, client: httpx.AsyncClient
) -> None:
    separate = "web" in system.processes
    for page in ("live", "ready"):
        answer = (await client.get(f"/health/{page}")).json()
        assert answer["roles"] == (["web"] if separate else list(ALL_ROLES))
    assert ("redis" in answer["components"]) == separate
