"""The data planes, one module per service, named as boto3 names its client."""

ENGINES: tuple[str, ...] = (
    "offline.engines.cloudformation:CloudFormationEngine",
    "offline.engines.cloudwatch:CloudWatchEngine",
    "offline.engines.dynamodb:DynamoDBEngine",
    "offline.engines.ec2:Ec2Engine",
    "offline.engines.events:EventsEngine",
    "offline.engines.firehose:FirehoseEngine",
    "offline.engines.iam:IamEngine",
    "offline.engines.kinesis:KinesisEngine",
    "offline.engines.lambda_:LambdaEngine",
    "offline.engines.s3:S3Engine",
    "offline.engines.sagemaker.engine:SageMakerEngine",
    "offline.engines.sagemaker.runtime:SageMakerRuntimeEngine",
    "offline.engines.scheduler:SchedulerEngine",
    "offline.engines.secretsmanager:SecretsManagerEngine",
    "offline.engines.sns:SnsEngine",
    "offline.engines.sqs:SqsEngine",
    "offline.engines.ssm:SsmEngine",
    "offline.engines.stepfunctions.engine:StepFunctionsEngine",
    "offline.engines.athena:AthenaEngine",
    "offline.engines.glue:GlueEngine",
)
"""Engines that a sandbox puts in place of moto's backends, as `module:class`."""
