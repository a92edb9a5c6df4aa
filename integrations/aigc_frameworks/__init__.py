"""aigc-sdk inside other frameworks: LangChain, LlamaIndex and Haystack, a module and an extra each.

Importing this package loads none of them. A module whose library is not installed raises
:class:`~aigc_sdk.MissingExtra` when it is imported.
"""
