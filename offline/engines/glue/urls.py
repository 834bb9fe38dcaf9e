"""Where Glue's endpoint listens, and that our responses answer there."""

from offline.engines.glue.responses import Responses

url_bases = [r"https?://glue\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": Responses.dispatch}
