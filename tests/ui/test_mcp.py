"""What MCP clients are told of a photograph, and what they may send. Needs the package `mcp`."""

import asyncio
import base64
import io
import json

import pytest

pytest.importorskip("mcp", reason="gradio[mcp] is not installed: MCP was not tested")

from tests.browser import served
from tests.visitor import upload
from vqa.ui.mcp import PHOTOGRAPH, speak_mcp

QUESTION = "what color is the cat?"


@pytest.fixture(scope="module")
def address(tiny_predictor):
    from gradio import mcp

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mcp, "GradioMCPServer", mcp.GradioMCPServer)  # put back afterwards
        speak_mcp()
        with served(tiny_predictor, mcp_server=True) as url:
            yield url


def talk(address: str, tool: str = "", **arguments):
    """The tools, or what one of them answers."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def session():
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return await (client.call_tool(tool, arguments) if tool else client.list_tools())

    return asyncio.run(session())


@pytest.fixture
def encoded(photo) -> bytes:
    data = io.BytesIO()
    photo.save(data, "PNG")
    return data.getvalue()


def test_the_schema_says_what_a_photograph_may_be(address):
    tools = {tool.name: tool.inputSchema["properties"]["photo"] for tool in talk(address).tools}
    assert len(tools) == 5
    for photograph in tools.values():
        assert photograph["format"] == PHOTOGRAPH and "data: URI" in photograph["description"]
        assert "http" not in json.dumps(photograph)


def test_a_photograph_comes_as_data_or_as_an_uploaded_file(address, tiny_predictor, photo, encoded):
    name = next(tool.name for tool in talk(address).tools if tool.name.endswith("ask"))
    expected = tiny_predictor.ask(photo, QUESTION).answer
    path = upload(address, "photo.png", encoded)
    sent = [
        "data:image/png;base64," + base64.b64encode(encoded).decode(), path, f"{address}gradio_api/file={path}"
    ]  # fmt: skip
    for one in sent:
        result = talk(address, name, photo=one, question=QUESTION)
        assert not result.isError and expected in result.content[0].text, one[:40]


@pytest.mark.parametrize("sent", ["https://example.org/cat.jpg", __file__, "/etc/passwd", "../../etc/passwd"])
def test_addresses_and_files_of_the_server_are_refused(address, sent):
    name = next(tool.name for tool in talk(address).tools if tool.name.endswith("ask"))
    result = talk(address, name, photo=sent, question=QUESTION)
    assert result.isError and "Addresses are not fetched" in result.content[0].text
