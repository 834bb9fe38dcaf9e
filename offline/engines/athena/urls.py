"""Where Athena's endpoint listens, and that our responses answer there."""

from offline.engines.athena.responses import Responses

url_bases = [r"https?://athena\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": Responses.dispatch}
