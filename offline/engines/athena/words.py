"""A statement's words from left to right, each at its place in the text."""

from __future__ import annotations

import re

from sqlglot.tokens import Token, TokenType

from offline.engines.athena.errors import InvalidRequest
from offline.engines.athena.translate import tokens

MARKERS = (TokenType.SEMICOLON, TokenType.HIVE_TOKEN_STREAM)
"""Tokens that are no words: the last semicolon, and sqlglot's note that a statement is Hive's."""


class Words:
    """The tokens of a statement, taken from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = [token for token in whole_tokens(text) if token.token_type not in MARKERS]
        self._next = 0

    def peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def take(self, *words: str) -> bool:
        """Step over these words if they come next; a token such as `PARTITIONED BY` holds two."""
        position, seen = self._next, list[str]()
        while len(seen) < len(words) and position < len(self._tokens):
            seen += self._tokens[position].text.upper().split()
            position += 1
        fits = seen == list(words)
        self._next = position if fits else self._next
        return fits

    def need(self, *words: str) -> None:
        if not self.take(*words):
            raise self.mismatch(" ".join(words))

    def any(self) -> str:
        """The text of the next token."""
        token = self.peek()
        if token is None:
            raise self.mismatch("more")
        self._next += 1
        return str(token.text)

    def name(self) -> str:
        """A possibly qualified name, in lower case."""
        name = self.any()
        while self.take("."):
            name += "." + self.any()
        return name.lower()

    def block(self) -> str:
        """The text inside the bracket that opens here, at its place in the statement."""
        self.need("(")
        start, depth = self._next, 1
        while depth and (token := self.peek()):
            depth += (token.text == "(" and token.token_type == TokenType.L_PAREN) - (
                token.token_type == TokenType.R_PAREN
            )
            self._next += 1
        if depth:
            raise self.mismatch(")")
        first, last = self._tokens[start - 1], self._tokens[self._next - 1]
        return self.placed(first.end + 1, last.start)

    def rest(self) -> str:
        """All that is left, at its place in the statement."""
        token = self.peek()
        if token is None:
            raise self.mismatch("<query>")
        self._next = len(self._tokens)
        return self.placed(token.start, self._tokens[-1].end + 1)

    def placed(self, start: int, end: int) -> str:
        """A piece of the text behind as many lines and columns as stand before it, so errors point right."""
        return re.sub(r"[^\n]", " ", self.text[:start]) + self.text[start:end]

    def end(self) -> None:
        if self.peek() is not None:
            raise self.mismatch("<EOF>")

    def mismatch(self, expected: str) -> InvalidRequest:
        token = self.peek()
        if token is None:
            return InvalidRequest(f"mismatched input '<EOF>'. Expecting: '{expected}'", "MALFORMED_QUERY")
        at = f"line {token.line}:{max(1, token.col - (token.end - token.start))}"
        return InvalidRequest(
            f"{at}: mismatched input '{token.text}'. Expecting: '{expected}'", "MALFORMED_QUERY"
        )


def whole_tokens(text: str) -> list[Token]:
    """All tokens, also of statements such as SHOW, of which sqlglot takes the rest as one string."""
    found = [token for token in tokens(text) if token.token_type != TokenType.HIVE_TOKEN_STREAM]
    end = found[0].end + 1 if found else 0
    if len(found) != 2 or found[1].text.strip() != text[end:].strip().rstrip(";").strip():
        return found
    if found[1].token_type != TokenType.STRING:
        return found
    return [found[0], *whole_tokens(re.sub(r"[^\n]", " ", text[:end]) + text[end:])]
