"""The account over HTTP, on loopback, for clients that nobody here wrote.

    account     the server: what each request passes, and what works between requests
    http        receives requests and sends answers
    routing     finds the service that a request is for
    service     lets the account serve it
    diagnosis   tells a client's mistake from ours, where that fails
    forms       words what is refused as the request's protocol does
    control     what is no AWS operation: the account's clock, its status, the page that shows it
    worker      does what is due, for an account whose clock runs
    journal     what was asked, for the log and the page

The account is the one that is open in this process: a request that comes over HTTP and a boto3 call of this
process are served by the same engines, under the same lock.
"""

from offline.server.account import Server

__all__ = ["Server"]
