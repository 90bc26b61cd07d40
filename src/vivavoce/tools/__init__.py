"""The tools that the server runs itself: the MCP client, documents, code."""
