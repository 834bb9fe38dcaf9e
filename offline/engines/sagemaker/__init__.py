"""Play Amazon SageMaker: jobs and endpoints run real programs, in place of containers.

    requests     what CreateTrainingJob and the other calls refuse, in AWS's words
    containers   which image is stood for by which program, and how it is started
    training     one training job: /opt/ml laid out, program run, artifact uploaded
    processing   one processing job: inputs laid out, script run, outputs uploaded
    transform    one batch transform job: the model served, every input object sent through it
    serving      a served model as a process on loopback
    records      splitting, filtering, joining and assembling of batch transform's records
    hosting      endpoints
    engine       the backend that owns all jobs, and runs them in `settle`

Refused rather than imitated: more than one instance, Pipe mode, file systems and augmented manifests
as input, tuning and AutoML jobs, SageMaker Pipelines, multi-container models.
"""
