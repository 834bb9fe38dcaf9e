"""Where moto routes CloudFormation's requests."""

from offline.cloudformation.addresses import CUSTOM_RESOURCE, WAIT_CONDITION, receive_answer
from offline.cloudformation.api import CloudFormationApi, receive_signal

url_bases = [r"https?://cloudformation\.(.+)\.amazonaws\.com"]
url_paths = {
    "{0}/$": CloudFormationApi.dispatch,
    f"{{0}}/{WAIT_CONDITION}/.+$": receive_signal,
    f"{{0}}/{CUSTOM_RESOURCE}/.+$": receive_answer,
}
