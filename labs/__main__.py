"""`python -m labs`."""

from labs.cli import app

if __name__ == "__main__":
    app(prog_name="labs")
