"""The programs that stand for SageMaker's container images, one package per algorithm.

Each is started as `python -m offline.containers.<algorithm> train|serve`, in a process of its own,
with SAGEMAKER_BASE_DIR in place of /opt/ml. A program knows its files and environment and nothing
of the sandbox. `script` runs what a processing job brings along.
"""
