"""Sets a person active or inactive by scim2-client. Usage: driver.py SCIM_URL USERNAME true|false

ACCESS_TOKEN: what the server takes. Learns from the server what it offers (RFC 7644 section 4), finds the person by the user
name, patches `active`, and writes as JSON whether the server says that the person is active. Members that the server's own
schemas do not name are ignored: Keycloak sends some.
"""

import json
import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, ScimPolicy, ScimProvider, SearchRequest


def main(scim_url, username, active):
    headers = {"Authorization": f"Bearer {os.environ['ACCESS_TOKEN']}"}
    tolerant = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)
    with Client(base_url=scim_url, headers=headers) as http:
        scim = SyncSCIMClient(http, provider=ScimProvider(policy=tolerant))
        scim.discover()
        user_model = scim.get_resource_model("User")
        found = scim.query(user_model, query_parameters=SearchRequest(filter=f"userName eq {json.dumps(username)}"))
        [person] = found.resources
        replace = PatchOperation(op=PatchOperation.Op.replace_, path="active", value=active == "true")
        scim.modify(user_model, person.id, PatchOp[user_model](operations=[replace]))
        print(json.dumps({"active": scim.query(user_model, person.id).active}))


main(*sys.argv[1:])
