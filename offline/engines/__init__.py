"""The data planes, one module per service, named as boto3 names its client."""

ENGINES: dict[str, str] = {
    "athena": "offline.engines.athena:AthenaEngine",
    "cloudformation": "offline.engines.cloudformation:CloudFormationEngine",
    "cloudtrail": "offline.engines.cloudtrail:CloudTrailEngine",
    "cloudwatch": "offline.engines.cloudwatch:CloudWatchEngine",
    "dynamodb": "offline.engines.dynamodb:DynamoDBEngine",
    "ec2": "offline.engines.ec2:Ec2Engine",
    "events": "offline.engines.events:EventsEngine",
    "firehose": "offline.engines.firehose:FirehoseEngine",
    "glue": "offline.engines.glue:GlueEngine",
    "iam": "offline.engines.iam:IamEngine",
    "kinesis": "offline.engines.kinesis:KinesisEngine",
    "kms": "offline.engines.kms:KmsEngine",
    "lambda": "offline.engines.lambda_:LambdaEngine",
    "s3": "offline.engines.s3:S3Engine",
    "sagemaker": "offline.engines.sagemaker.engine:SageMakerEngine",
    "sagemaker-runtime": "offline.engines.sagemaker.runtime:SageMakerRuntimeEngine",
    "scheduler": "offline.engines.scheduler:SchedulerEngine",
    "secretsmanager": "offline.engines.secretsmanager:SecretsManagerEngine",
    "sns": "offline.engines.sns:SnsEngine",
    "sqs": "offline.engines.sqs:SqsEngine",
    "ssm": "offline.engines.ssm:SsmEngine",
    "stepfunctions": "offline.engines.stepfunctions.engine:StepFunctionsEngine",
    "sts": "offline.engines.sts:StsEngine",
}
"""Engines that stand in place of moto's backends, as `module:class`, by the name those backends carry."""
