"""Where moto routes CloudFormation's requests."""

from offline.cloudformation.api import CloudFormationApi

url_bases = [r"https?://cloudformation\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": CloudFormationApi.dispatch}
