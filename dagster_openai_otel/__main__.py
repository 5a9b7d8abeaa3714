"""`python -m dagster_openai_otel`: the command `dagster-openai-otel`."""

from dagster_openai_otel.cli.main import main

if __name__ == "__main__":
    main(prog_name="python -m dagster_openai_otel")
