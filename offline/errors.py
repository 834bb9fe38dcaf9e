"""Everything the sandbox can refuse, as one tree.

    SandboxError
    ├── DeploymentError            a template cannot be brought into the account
    │   ├── TemplateError          the template itself is wrong
    │   ├── UnknownResourceTypeError
    │   ├── UnsupportedPropertyError
    │   └── StoppedError           somebody ended a deployment that waited
    ├── AssemblyError              cdk.out cannot be read
    ├── StateError                 the account cannot be kept on disk, or not be read from there
    └── EngineError                an engine cannot do what AWS does

What a *client* of the account should see (throttling, validation, access) is not here: engines
raise moto's or botocore-shaped service errors for those, so that any AWS SDK reads them.
"""


class SandboxError(Exception):
    """The offline account cannot do what was asked."""


class DeploymentError(SandboxError):
    """A stack cannot be created, updated or deleted."""


class TemplateError(DeploymentError):
    """A template is not valid CloudFormation."""


class UnknownResourceTypeError(DeploymentError):
    """No resource row knows this CloudFormation type."""


class UnsupportedPropertyError(DeploymentError):
    """A resource row would have dropped a property in silence."""


class StoppedError(DeploymentError):
    """A deployment was ended while a resource of it waited; what it says is the stack's reason."""


class AssemblyError(SandboxError):
    """A directory is not a cloud assembly that can be deployed."""


class StateError(SandboxError):
    """A directory cannot hold this account, or holds one that cannot be opened."""


class EngineError(SandboxError):
    """An engine met something that it would have to imitate, and refuses."""
