import dagster as dg
from langchain_openai import ChatOpenAI


@dg.asset
def langchain_poem() -> str:
    """Asked through LangChain."""
    return str(ChatOpenAI(model="gpt-5-mini").invoke("A poem of two lines.").content)
