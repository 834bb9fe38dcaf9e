"""Play the SageMaker XGBoost image (aws/sagemaker-xgboost-container, algorithm mode) with XGBoost itself.

    hyperparameters   what the container accepts, from facts, with its own messages
    data              csv, libsvm and Parquet files as matrices; label first, no header
    train             train on `train`, watch `validation`, save `xgboost-model`
    serve             /ping, /invocations and /execution-parameters

Refused: RecordIO-protobuf, k-fold cross validation, distributed and GPU training, pickled models,
selectable inference output, and the metrics that the image computes with scikit-learn.
"""
