"""A host on FastMCP's client and its OAuth flow. Usage: driver.py URL CLIENT_ID CALLS

CALLS is a JSON list of [tool, arguments]. Writes one JSON object a line: where to send the browser (then reads the
address that it came back to), the tools, and what each call answered. START_TOKEN: an access token to begin with.
"""

import asyncio
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

from fastmcp import Client
from fastmcp.client.auth import OAuth
from mcp.shared.auth import AuthorizationCodeResult, OAuthToken


def tell(**event):
    print(json.dumps(event), flush=True)


class HeadlessOAuth(OAuth):
    async def redirect_handler(self, authorization_url):
        tell(event="authorize", url=authorization_url)

    async def callback_handler(self):
        address = await asyncio.to_thread(sys.stdin.readline)
        answer = {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))


async def main(url, client_id, calls):
    oauth = HeadlessOAuth(url, client_id=client_id, callback_host="127.0.0.1")
    if start_token := os.environ.get("START_TOKEN"):
        await oauth.token_storage_adapter.set_tokens(OAuthToken(access_token=start_token, expires_in=300))
    async with Client(url, auth=oauth) as client:
        tell(event="tools", names=[tool.name for tool in await client.list_tools()])
        for tool, arguments in json.loads(calls):
            try:
                result = await client.call_tool(tool, arguments)
                tell(event="called", tool=tool, text=result.content[0].text)
            except Exception as error:
                tell(event="refused", tool=tool, text=str(error))


asyncio.run(main(*sys.argv[1:]))
