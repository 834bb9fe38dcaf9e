"""Where moto routes CloudFormation's requests."""

from offline.cloudformation.api import CloudFormationApi, receive_signal

url_bases = [r"https?://cloudformation\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": CloudFormationApi.dispatch, "{0}/waitcondition/.+$": receive_signal}
