"""Rules that cfn-lint and cdk-nag do not know, a module for each service.

A rule is a function from templates to findings. It speaks only where a template is certain: what
only AWS can know is never a finding.
"""
